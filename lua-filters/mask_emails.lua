-- mask_emails.lua - no address of mail of a user in answers.
--
--   filters:
--     - file: lua-filters/mask_emails.lua
--       operations: [chat]               # where users are: conversations, messages, users, events
--       keys: [reporting]                # for whom; leave it out for all
--       options:
--         with: "user@hidden"            # default: ***@***
--
-- Every text of an answer is looked at, those inside of longer texts too; the names of members stay. It runs before
-- answers are stored, and whoever gets them masked has copies of his own there.

local address = gw.regex([[[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+]], "i")
local with = gw.options.with or "***@***"

return {
  name = "mask_emails",
  needs = { "response_body" },
  on_response = function(res)
    res:edit({ strings = address, with = with })
  end,
}
