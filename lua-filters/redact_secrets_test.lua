local function secrets_of(answer, options, request)
  local filter = t.load("redact_secrets.lua", options)
  request = request or {}
  request.json = answer
  local r = filter:response(request)
  t.equal(r.error, nil)
  return r.json
end

return {
  ["secrets of bots are gone, and their types stay"] = function()
    local bot = secrets_of({ bot = {
      id = "bot_1", signingSecret = "s1", configuration = { data = { api = "s2" }, schema = { x = 1 } },
      integrations = {
        alias = { enabled = true, webhookUrl = "https://w/s3", webhookId = "s4", configuration = { key = "s5" } },
      },
    } }).bot
    t.equal(bot.id, "bot_1")
    t.equal(bot.signingSecret, "***")
    t.equal(next(bot.configuration.data), nil)
    t.equal(bot.configuration.schema.x, 1)
    t.equal(bot.integrations.alias.webhookUrl, "***")
    t.equal(bot.integrations.alias.webhookId, "***")
    t.equal(next(bot.integrations.alias.configuration), nil)
    t.equal(bot.integrations.alias.enabled, true)
  end,

  ["what is shown once is gone"] = function()
    t.equal(secrets_of({ newSigningSecret = "s" }).newSigningSecret, "***")
    t.equal(secrets_of({ clientSecret = "s" }).clientSecret, "***")
    t.equal(secrets_of({ pat = { id = "p", value = "s" } }).pat.value, "***")
    for _, path in ipairs({ "/v1/admin/bots/baks", "/v1/admin/integrations/iaks" }) do
      t.equal(secrets_of({ value = "s" }, nil, { method = "POST", path = path }).value, "***", path)
    end
    t.equal(secrets_of({ value = "no secret" }).value, "no secret")
  end,

  ["addresses for uploading stay, those for downloading go unless they are kept"] = function()
    local answer = { file = { uploadUrl = "https://up", url = "https://down" } }
    local file = secrets_of(answer).file
    t.equal(file.uploadUrl, "https://up")
    t.equal(file.url, "***")
    t.equal(secrets_of(answer, { keep = { "file.url" } }).file.url, "https://down")
    t.equal(secrets_of(answer, { also = { "uploadUrl" } }).file.uploadUrl, "https://up")
  end,

  ["further names, another text, and nothing of an integration's definition"] = function()
    local answer = { note = "s", a = { note = "" }, integration = { configuration = { schema = "x" } } }
    local made = secrets_of(answer, { also = { "note" }, with = "[gone]" })
    t.equal(made.note, "[gone]")
    t.equal(made.a.note, "")
    t.equal(made.integration.configuration.schema, "x")
  end,

  ["what is no JSON is an error, and so no answer"] = function()
    local r = t.load("redact_secrets.lua"):response({ text = "{" })
    t.equal(r.error and r.error:match("this body is not JSON") ~= nil, true, r.error)
  end,
}
