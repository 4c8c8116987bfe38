local function masked(text, options)
  local r = t.load("mask_emails.lua", options):response({ json = { list = { { text = text } } } })
  t.equal(r.error, nil)
  return r.json.list[1].text
end

return {
  ["addresses are masked wherever they stand in a text"] = function()
    t.equal(masked("ann@example.com"), "***@***")
    t.equal(masked("Write to Ann.O+x@mail.example.co.uk, or bob@b.io!"), "Write to ***@***, or ***@***!")
    t.equal(masked("ANN@EXAMPLE.COM", { with = "(hidden)" }), "(hidden)")
    t.equal(masked("a@b.io,b@c.io;c@d.io"), "***@***,***@***;***@***")
    t.equal(masked("a@b.io_c@d.io a@b@c.io"), "***@******@*** a@***@***")
    t.equal(masked("jos\u{e9}@ex.com <ann@m\u{fc}nchen.de>"), "***@*** <***@***>")
  end,

  ["what is no address stays"] = function()
    for _, text in ipairs({ "", "@", "a@b", "@example.com", "a @ b.c", "5@ 3.50", "\u{e9}" }) do
      t.equal(masked(text), text)
    end
  end,

  ["long texts are gone over once"] = function()
    for _, text in ipairs({ ("a."):rep(50000), ("a"):rep(100000), ("a@"):rep(10000), "a@" .. ("a"):rep(100000) }) do
      t.equal(masked(text .. " ann@example.com"), text .. " ***@***")
    end
    t.equal(masked("a@" .. ("a."):rep(30000) .. "io"):sub(1, 8), "***@***.")
    t.equal(masked(("ann@example.com "):rep(2000)), ("***@*** "):rep(2000))
  end,

  ["names of members, numbers and the rest stay"] = function()
    local r = t.load("mask_emails.lua"):response({ text = '{ "a@b.io" : 1.50, "x":"a@b.io" }' })
    t.equal(r.text, '{ "a@b.io" : 1.50, "x":"***@***" }')
  end,
}
