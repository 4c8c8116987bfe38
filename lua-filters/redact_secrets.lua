-- redact_secrets.lua - no secret of the API leaves the gateway in an answer.
--
--   filters:
--     - file: lua-filters/redact_secrets.lua
--       options:
--         keep: [file.url, files.url]      # leave these alone
--         also: [internalNote, user.tags]  # further names, or paths from the root
--         with: "[redacted]"               # default: ***
--
-- Signing secrets, new tokens and access keys, client secrets of payments, webhook addresses, signed addresses of
-- files, scripts of integrations and the configurations of a bot and its integrations, wherever they stand, integrations
-- keyed by alias included. Texts become `with`, objects and lists are emptied, so that clients find the types that they
-- know; what is empty or null stays. Addresses for uploading (file.uploadUrl) are never touched: uploading needs them.
--
-- It runs before answers are stored, so that neither the gateway's memory nor Redis holds a secret. Programs that
-- download files need `keep: [file.url, files.url]`, those that make tokens `keep: [pat.value, .value]`.

local names = {
  "signingSecret", "newSigningSecret", "clientSecret", "webhookUrl", "webhookId", "pat.value",
  "file.url", "files.url",
  "bot.configuration.data", "bots.configuration.data",
  "bot.integrations.*.configuration", "bots.integrations.*.configuration",
  "bot.integrations.configuration", "bots.integrations.configuration",
  "extractScript", "fallbackHandlerScript", "identifierExtractScript", "messageExtractScript",
}

-- Operations whose answer is a new key, as `value` of the root.
local makes_key = { createBotApiKey = true, createIntegrationApiKey = true }

local kept = { uploadUrl = true }
for _, name in ipairs(gw.options.keep or {}) do kept[name] = true end

local paths, paths_of_keys = {}, {}
local function add(name)
  if kept[name] then return end
  paths[#paths + 1] = name
  paths_of_keys[#paths_of_keys + 1] = name
end
for _, name in ipairs(names) do add(name) end
for _, name in ipairs(gw.options.also or {}) do add(name) end
if not kept[".value"] then paths_of_keys[#paths_of_keys + 1] = ".value" end

local with = gw.options.with or "***"

return {
  name = "redact_secrets",
  needs = { "response_body" },
  on_response = function(res, gw)
    res:edit({ paths = makes_key[res.operation] and paths_of_keys or paths, with = with })
  end,
}
