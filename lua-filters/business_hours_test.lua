local function status(time, options, key)
  local filter = t.load("business_hours.lua", options)
  local r = filter:request({ method = "DELETE", path = "/v1/chat/users/u1", time = time, key = key })
  t.equal(r.error, nil)
  return r.status, r
end

return {
  ["it is open from nine to five on working days"] = function() -- 2026-11-27 is a Friday
    t.equal(status("2026-11-27T08:59:59Z"), 403)
    t.equal(status("2026-11-27T09:00:00Z"), nil)
    t.equal(status("2026-11-27T16:59:59Z"), nil)
    t.equal(status("2026-11-27T17:00:00Z"), 403)
    t.equal(status("2026-11-28T12:00:00Z"), 403)
  end,

  ["other hours, days and words"] = function()
    local options = { from = "12:30", to = "13:00", days = { "sat" }, message = "Ask Ann." }
    t.equal(status("2026-11-28T12:30:00Z", options), nil)
    local code, r = status("2026-11-28T12:29:00Z", options)
    t.equal(code, 403)
    t.equal(r.type, "Forbidden")
    t.equal(r.message, "deleteUser is allowed from 12:30 to 13:00 utc only. Ask Ann.")
  end,

  ["a night belongs to the day on which it began"] = function()
    local options = { from = "22:00", to = "06:00", days = { "fri" } }
    t.equal(status("2026-11-27T23:00:00Z", options), nil)
    t.equal(status("2026-11-28T05:59:00Z", options), nil)
    t.equal(status("2026-11-28T06:00:00Z", options), 403)
    t.equal(status("2026-11-27T05:00:00Z", options), 403)
  end,

  ["some may always"] = function()
    t.equal(status("2026-11-28T12:00:00Z", { teams = { "release" } }, "release"), nil)
    t.equal(status("2026-11-28T12:00:00Z", { teams = { "release" } }, "qa"), 403)
  end,

  ["hours that are none are told when it is loaded"] = function()
    t.equal(pcall(t.load, "business_hours.lua", { from = "9 o'clock" }), false)
  end,
}
