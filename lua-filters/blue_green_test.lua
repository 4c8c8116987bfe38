local function bot_of(options, request)
  options.blue, options.green = "bot_1", "bot_2"
  local r = t.load("blue_green.lua", options):request(request)
  t.equal(r.error, nil)
  return r.headers["x-bot-id"]
end

local function share(percent)
  local filter = t.load("blue_green.lua", { blue = "bot_1", green = "bot_2", percent = percent })
  local green = 0
  for i = 1, 1000 do
    local r = filter:request({ path = "/v1/chat/messages?conversationId=conv_" .. i })
    if r.headers["x-bot-id"] == "bot_2" then green = green + 1 end
  end
  return green / 10
end

return {
  ["a share goes to the other bot"] = function()
    t.equal(share(0), 0.0)
    t.equal(share(100), 100.0)
    local tenth = share(10)
    t.equal(tenth > 6 and tenth < 14, true, tostring(tenth))
  end,

  ["what belongs together goes the same way"] = function()
    for i = 1, 50 do
      local conversation = "conv_" .. i
      local one = bot_of({ percent = 50 }, { path = "/v1/chat/messages?conversationId=" .. conversation })
      t.equal(bot_of({ percent = 50 }, { path = "/v1/chat/conversations/" .. conversation, key = "other" }), one)
    end
  end,

  ["by a header of the caller's"] = function()
    local seen = {}
    for i = 1, 100 do
      local headers = { ["x-user-group"] = "g" .. i % 10 }
      local bot = bot_of({ percent = 50, by = "x-user-group" }, { path = "/v1/chat/users?x=" .. i, headers = headers }) or "bot_1"
      local group = headers["x-user-group"]
      t.equal(seen[group] or bot, bot)
      seen[group] = bot
    end
  end,

  ["another bot's traffic stays where it is"] = function()
    t.equal(bot_of({ percent = 100 }, { bot = "bot_9" }), nil)
  end,

  ["options that make no sense are told when it is loaded"] = function()
    t.equal(pcall(t.load, "blue_green.lua", { blue = "a" }), false)
    t.equal(pcall(t.load, "blue_green.lua", { blue = "a", green = "b", percent = 101 }), false)
  end,
}
