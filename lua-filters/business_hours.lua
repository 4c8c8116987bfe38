-- business_hours.lua - operations that are allowed at certain hours alone.
--
--   filters:
--     - file: lua-filters/business_hours.lua
--       operations: ["delete*", "createBot*", updateBot]
--       options:
--         from: "08:00"                  # the first minute that is open; default 09:00
--         to: "18:00"                    # the first that is not; default 17:00; before `from`: over midnight
--         days: [mon, tue, wed, thu, fri]
--         zone: local                    # of the gateway's machine (TZ), or utc; default utc
--         teams: [release]               # keys that may always
--         message: "Ask the release team."
--
-- Requests outside these hours are answered 403 Forbidden, with the hours.

local options = gw.options

local function minutes(text, name)
  local hour, minute = tostring(text):match("^(%d%d?):(%d%d)$")
  hour, minute = tonumber(hour), tonumber(minute)
  if not hour or hour > 24 or minute > 59 then error(name .. " must be a time such as 09:00", 0) end
  return hour * 60 + minute
end

local from = minutes(options.from or "09:00", "from")
local to = minutes(options.to or "17:00", "to")
local zone = options.zone or "utc"
local days, always = {}, {}
for _, day in ipairs(options.days or { "mon", "tue", "wed", "thu", "fri" }) do days[day] = true end
for _, name in ipairs(options.teams or {}) do always[name] = true end

local before = { mon = "sun", tue = "mon", wed = "tue", thu = "wed", fri = "thu", sat = "fri", sun = "sat" }

local function is_open(now)
  local minute = now.hour * 60 + now.minute
  if from <= to then return days[now.weekday] and minute >= from and minute < to end
  -- A night belongs to the day on which it began.
  return (days[now.weekday] and minute >= from) or (days[before[now.weekday]] and minute < to)
end

return {
  name = "business_hours",
  on_request = function(req, gw)
    if always[req.key.name] or is_open(gw.time(zone)) then return end
    local hours = ("%02d:%02d to %02d:%02d %s"):format(from // 60, from % 60, to // 60, to % 60, zone)
    return gw.respond(403, "Forbidden",
      ("%s is allowed from %s only. %s"):format(req.operation or "This", hours, options.message or ""))
  end,
}
