-- blue_green.lua - sends a share of the traffic of a bot to another one.
--
--   filters:
--     - file: lua-filters/blue_green.lua
--       options:
--         blue: bot_1                    # whose traffic
--         green: bot_2                   # where the share goes
--         percent: 10                    # of it; 0 to 100
--         by: x-user-group               # a header: those who send the same go the same way
--
-- The same conversation must not go to and fro: without `by`, what belongs together is known by the conversation or
-- the user in path or query, and else by the key and the address of the caller. The profile has to list both bots
-- (`bots: [bot_1, bot_2]`); a bot that the caller may not use is refused as if he had asked for it.

local options = gw.options
local blue, green = options.blue, options.green
local percent = tonumber(options.percent or 0)
if type(blue) ~= "string" or type(green) ~= "string" then error("blue and green must be ids of bots", 0) end
if not percent or percent < 0 or percent > 100 then error("percent must be from 0 to 100", 0) end

local function who(req)
  if options.by then return req:header(options.by) or "" end
  local query = req.query
  return req.params.conversationId or query.conversationId or req.params.userId or query.userId or
    (req.path:find("/conversations/", 1, true) and req.params.id) or
    (req.key.name or "") .. "/" .. (req.address or "")
end

return {
  name = "blue_green",
  on_request = function(req, gw)
    local bot = req.bot
    if bot ~= blue or percent == 0 then return end
    -- Of 10000 places, by what belongs together: the same on every gateway and after a restart.
    local place = tonumber(gw.sha256(who(req)):sub(1, 8), 16) % 10000
    if place < percent * 100 then
      req:set_header("x-bot-id", green)
      gw.log("to " .. green, "debug")
    end
  end,
}
