local request = { method = "GET", path = "/v1/chat/users", key = "qa", profile = "support", headers = { ["x-team"] = "mine" } }

return {
  ["requests carry the key's name by themselves"] = function()
    t.equal(t.load("tag_requests.lua"):request(request).headers["x-gateway-key"], "qa")
  end,

  ["fields are made of what is known, and replace what was there"] = function()
    local options = { request = { ["x-team"] = "{key}", ["x-from"] = "{profile}/{operation} by {method} {id}" } }
    local r = t.load("tag_requests.lua", options):request(request)
    t.equal(r.error, nil)
    t.equal(r.headers["x-team"], "qa")
    t.equal(r.headers["x-from"], "support/listUsers by GET test")
    t.equal(r.headers["x-gateway-key"], nil)
  end,

  ["answers are tagged too"] = function()
    local filter = t.load("tag_requests.lua", { response = { ["x-served-by"] = "gateway of {profile}" } })
    t.equal(filter:response({ json = {} }).headers["x-served-by"], "gateway of support")
    t.equal(filter:request(request).headers["x-gateway-key"], nil)
  end,

  ["a request without a key has an empty one"] = function()
    t.equal(t.load("tag_requests.lua"):request({}).headers["x-gateway-key"], "")
  end,

  ["a value that there is not is told when it is loaded"] = function()
    t.equal(pcall(t.load, "tag_requests.lua", { request = { a = "{nothing}" } }), false)
  end,
}
