-- read_only_key.lua - keys that may look and change nothing.
--
--   filters:
--     - file: lua-filters/read_only_key.lua
--       keys: [qa, reporting]            # for whom
--       options:
--         but: [findTableRows]           # operations that are allowed beside GET and HEAD
--         message: "Use the staging workspace."
--
-- Everything but GET and HEAD is answered 403 Forbidden. A key's own `operations: [read]` says the same of the catalogue;
-- this one holds for paths too that no catalogue knows, and can be put on for a while without changing keys.

local allowed = {}
for _, name in ipairs(gw.options.but or {}) do allowed[name] = true end

return {
  name = "read_only_key",
  on_request = function(req, gw)
    if req.method == "GET" or req.method == "HEAD" or allowed[req.operation or ""] then return end
    return gw.respond(403, "Forbidden", ("The key %s is read-only, and %s would change something. %s")
      :format(req.key.name or "of nobody", req.operation or req.method, gw.options.message or ""))
  end,
}
