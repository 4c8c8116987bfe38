-- tag_requests.lua - fields that say upstream, or behind the gateway, where a request comes from.
--
--   filters:
--     - file: lua-filters/tag_requests.lua
--       options:
--         request: {x-team: "{key}", x-from: "{profile}/{operation}"}
--         response: {x-served-by: "gateway of {profile}"}
--
-- {key}, {profile}, {operation}, {method}, {address} and {id} (the id of the request) stand for what they are; of
-- requests without a key {key} is empty. Fields that were there are replaced, so that no caller can pretend. Without
-- options requests get x-gateway-key.

local request = gw.options.request or (gw.options.response and {}) or { ["x-gateway-key"] = "{key}" }
local response = gw.options.response or {}

local values = {
  key = function(m) return m.key.name end,
  profile = function(m) return m.profile end,
  operation = function(m) return m.operation end,
  method = function(m) return m.method end,
  address = function(m) return m.address end,
  id = function(m) return m.id end,
}

local function check(fields)
  for name, text in pairs(fields) do
    for word in text:gmatch("{([a-z]+)}") do
      if not values[word] then error(("%s: {%s} is none of the values"):format(name, word), 0) end
    end
  end
end
check(request)
check(response)

local function tag(message, fields)
  for name, text in pairs(fields) do
    message:set_header(name, (text:gsub("{([a-z]+)}", function(word) return values[word](message) or "" end)))
  end
end

return {
  name = "tag_requests",
  on_request = function(req) tag(req, request) end,
  on_response = next(response) and function(res) tag(res, response) end or nil,
}
