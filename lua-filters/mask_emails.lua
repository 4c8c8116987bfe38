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

-- No byte is gone over twice, however long a text is: what could stand before an @ is taken whole, and where no domain
-- follows it is skipped whole. A domain has 127 labels of 63 bytes. Letters beyond ASCII count as letters.
local before = [[[\w.!#$%&'*+/=?^`{|}~\x80-\xff-]++]]
local label = [[[a-z0-9\x80-\xff](?:[a-z0-9\x80-\xff-]{0,61}[a-z0-9\x80-\xff])?]]
local address = gw.regex(before .. "(?:@" .. label .. "(?:\\." .. label .. "){1,126}+|(*SKIP)(*F))", "i")
local with = gw.options.with or "***@***"

return {
  name = "mask_emails",
  needs = { "response_body" },
  on_response = function(res)
    res:edit({ strings = address, with = with })
  end,
}
