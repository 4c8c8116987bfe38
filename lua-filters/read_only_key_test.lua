local function ask(method, path, options)
  local r = t.load("read_only_key.lua", options):request({ method = method, path = path, key = "qa" })
  t.equal(r.error, nil)
  return r
end

return {
  ["reading is allowed"] = function()
    t.equal(ask("GET", "/v1/chat/users").status, nil)
    t.equal(ask("HEAD", "/v1/chat/users").status, nil)
  end,

  ["writing is refused, with what and why"] = function()
    local r = ask("POST", "/v1/chat/users", { message = "Use staging." })
    t.equal(r.status, 403)
    t.equal(r.type, "Forbidden")
    t.equal(r.message, "The key qa is read-only, and createUser would change something. Use staging.")
    t.equal(ask("DELETE", "/v9/unknown").status, 403)
  end,

  ["some operations are allowed all the same"] = function()
    local options = { but = { "findTableRows" } }
    t.equal(ask("POST", "/v1/tables/t/rows/find", options).status, nil)
    t.equal(ask("POST", "/v1/tables/t/rows", options).status, 403)
  end,
}
