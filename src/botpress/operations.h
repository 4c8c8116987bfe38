/* operations.h - THE TABLE of the API's operations: what the gateway knows of each.
 *
 * Included by route_catalogue.c alone, which defines OPERATION and the words below. To add a row,
 * copy its neighbour. The columns:
 *
 *   service, name, method, pattern
 *   ids     the headers it needs and takes: NO_IDS, BOT, BOT_INTEGRATION (may act as an
 *           integration), BOT_INTEGRATION_USER (and for a user), WORKSPACE
 *   does    READ changes nothing, whatever the method; SET may be sent twice (PUT and DELETE, RFC
 *           9110 §9.2.2); ACT may not, get-or-create neither: nobody promises it. With further
 *           OP_ flags.
 *   cache   CACHE_
 *   names   the parameters of path or query that name something restrictions bind: NOTHING, BOT,
 *           WORKSPACE, INTEGRATION (the first of the path), QUERY_
 *   tags    `reads`: the tags of the answer; `writes`: those that a success makes stale
 *           (route_catalogue.h). Rows that are never cached have tags too: a rule of the operator
 *           may cache them. What a bot may change behind the gateway's back carries bot:{bot}.
 *
 * Deadlines follow from service and method.
 */
/* clang-format off */

#define BOT_CHANGES       "bots:{workspace} workspaces usages" /* all three count bots */
#define BILLING_CHANGES   "billing:{workspace} workspaces usages"
#define WORKSPACE_CHANGES "workspaces public-workspaces usages"
#define MESSAGE_CHANGES   "messages:{bot} conversations:{bot} events:{bot}"
#define WORKFLOW_CHANGES  "workflows:{bot} tasks:{bot}"

/* The runtime: conversations, messages, users and their like. */
OPERATION(RUNTIME, callAction,                POST,   "/v1/chat/actions",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "bot:{bot}")
OPERATION(RUNTIME, trackAnalytics,            POST,   "/v1/chat/analytics",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "")
OPERATION(RUNTIME, listConversations,         GET,    "/v1/chat/conversations",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} conversations:{bot}")
OPERATION(RUNTIME, createConversation,        POST,   "/v1/chat/conversations",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "conversations:{bot}")
OPERATION(RUNTIME, getOrCreateConversation,   POST,   "/v1/chat/conversations/get-or-create",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "conversations:{bot}")
OPERATION(RUNTIME, getConversation,           GET,    "/v1/chat/conversations/{id}",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} conversations:{bot}")
OPERATION(RUNTIME, updateConversation,        PUT,    "/v1/chat/conversations/{id}",
          BOT_INTEGRATION, SET,  NEVER, NOTHING, writes, "conversations:{bot}")
OPERATION(RUNTIME, deleteConversation,        DELETE, "/v1/chat/conversations/{id}",
          BOT_INTEGRATION, SET,  NEVER, NOTHING, writes, "conversations:{bot} messages:{bot}")
OPERATION(RUNTIME, listParticipants,          GET,    "/v1/chat/conversations/{id}/participants",
          BOT_INTEGRATION, READ, NEVER, NOTHING,
          reads, "bot:{bot} conversations:{bot} users:{bot}")
OPERATION(RUNTIME, addParticipant,            POST,   "/v1/chat/conversations/{id}/participants",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "conversations:{bot} users:{bot}")
OPERATION(RUNTIME, getParticipant, GET, "/v1/chat/conversations/{id}/participants/{userId}",
          BOT_INTEGRATION, READ, NEVER, NOTHING,
          reads, "bot:{bot} conversations:{bot} users:{bot}")
OPERATION(RUNTIME, removeParticipant, DELETE, "/v1/chat/conversations/{id}/participants/{userId}",
          BOT_INTEGRATION, SET,  NEVER, NOTHING, writes, "conversations:{bot} users:{bot}")
OPERATION(RUNTIME, listEvents,                GET,    "/v1/chat/events",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} events:{bot}")
OPERATION(RUNTIME, createEvent,               POST,   "/v1/chat/events",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "events:{bot}")
OPERATION(RUNTIME, getEvent,                  GET,    "/v1/chat/events/{id}",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} events:{bot}")
OPERATION(RUNTIME, cancelScheduledEvent,      DELETE, "/v1/chat/events/scheduled/{id}",
          BOT_INTEGRATION, SET,  NEVER, NOTHING, writes, "events:{bot}")
OPERATION(RUNTIME, initializeIncomingMessage, POST,   "/v1/chat/initialize-incoming-message",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING,
          writes, "messages:{bot} conversations:{bot} users:{bot} events:{bot}")
OPERATION(RUNTIME, configureIntegration,      POST,   "/v1/chat/integrations/configure",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "bot:{bot}")
OPERATION(RUNTIME, listMessages,              GET,    "/v1/chat/messages",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} messages:{bot}")
OPERATION(RUNTIME, createMessage,             POST,   "/v1/chat/messages",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, MESSAGE_CHANGES)
OPERATION(RUNTIME, getOrCreateMessage,        POST,   "/v1/chat/messages/get-or-create",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, MESSAGE_CHANGES)
OPERATION(RUNTIME, importMessages,            POST,   "/v1/chat/messages/import-messages",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, MESSAGE_CHANGES)
OPERATION(RUNTIME, getMessage,                GET,    "/v1/chat/messages/{id}",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} messages:{bot}")
OPERATION(RUNTIME, updateMessage,             PUT,    "/v1/chat/messages/{id}",
          BOT_INTEGRATION, SET,  NEVER, NOTHING, writes, MESSAGE_CHANGES)
OPERATION(RUNTIME, deleteMessage,             DELETE, "/v1/chat/messages/{id}",
          BOT_INTEGRATION, SET,  NEVER, NOTHING, writes, MESSAGE_CHANGES)
OPERATION(RUNTIME, captureObservation,        POST,   "/v1/chat/observations",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "")
OPERATION(RUNTIME, getState,                  GET,    "/v1/chat/states/{type}/{id}/{name}",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} states:{bot}")
OPERATION(RUNTIME, setState,                  POST,   "/v1/chat/states/{type}/{id}/{name}",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "states:{bot}")
OPERATION(RUNTIME, patchState,                PATCH,  "/v1/chat/states/{type}/{id}/{name}",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "states:{bot}")
OPERATION(RUNTIME, setStateExpiry,            POST,   "/v1/chat/states/{type}/{id}/{name}/expiry",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "states:{bot}")
OPERATION(RUNTIME, getOrSetState, POST, "/v1/chat/states/{type}/{id}/{name}/get-or-set",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "states:{bot}")
OPERATION(RUNTIME, listTagValues,             GET,    "/v1/chat/tags/{key}/values",
          BOT_INTEGRATION, READ, NEVER, NOTHING,
          reads, "bot:{bot} conversations:{bot} messages:{bot} users:{bot} "
                 "workflows:{bot} tasks:{bot}")
OPERATION(RUNTIME, listTasks,                 GET,    "/v1/chat/tasks",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} tasks:{bot}")
OPERATION(RUNTIME, createTask,                POST,   "/v1/chat/tasks",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, WORKFLOW_CHANGES)
OPERATION(RUNTIME, getTask,                   GET,    "/v1/chat/tasks/{id}",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} tasks:{bot}")
OPERATION(RUNTIME, updateTask,                PUT,    "/v1/chat/tasks/{id}",
          BOT_INTEGRATION, SET,  NEVER, NOTHING, writes, WORKFLOW_CHANGES)
OPERATION(RUNTIME, deleteTask,                DELETE, "/v1/chat/tasks/{id}",
          BOT_INTEGRATION, SET,  NEVER, NOTHING, writes, WORKFLOW_CHANGES)
OPERATION(RUNTIME, listUsers,                 GET,    "/v1/chat/users",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} users:{bot}")
OPERATION(RUNTIME, createUser,                POST,   "/v1/chat/users",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "users:{bot}")
OPERATION(RUNTIME, getOrCreateUser,           POST,   "/v1/chat/users/get-or-create",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, "users:{bot}")
OPERATION(RUNTIME, getUser,                   GET,    "/v1/chat/users/{id}",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} users:{bot}")
OPERATION(RUNTIME, updateUser,                PUT,    "/v1/chat/users/{id}",
          BOT_INTEGRATION, SET,  NEVER, NOTHING, writes, "users:{bot}")
OPERATION(RUNTIME, deleteUser,                DELETE, "/v1/chat/users/{id}",
          BOT_INTEGRATION, SET,  NEVER, NOTHING, writes, "users:{bot}")
OPERATION(RUNTIME, listWorkflows,             GET,    "/v1/chat/workflows",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} workflows:{bot}")
OPERATION(RUNTIME, createWorkflow,            POST,   "/v1/chat/workflows",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, WORKFLOW_CHANGES)
OPERATION(RUNTIME, getOrCreateWorkflow,       POST,   "/v1/chat/workflows/get-or-create",
          BOT_INTEGRATION, ACT,  NEVER, NOTHING, writes, WORKFLOW_CHANGES)
OPERATION(RUNTIME, getWorkflow,               GET,    "/v1/chat/workflows/{id}",
          BOT_INTEGRATION, READ, NEVER, NOTHING, reads,  "bot:{bot} workflows:{bot}")
OPERATION(RUNTIME, updateWorkflow,            PUT,    "/v1/chat/workflows/{id}",
          BOT_INTEGRATION, SET,  NEVER, NOTHING, writes, WORKFLOW_CHANGES)
OPERATION(RUNTIME, deleteWorkflow,            DELETE, "/v1/chat/workflows/{id}",
          BOT_INTEGRATION, SET,  NEVER, NOTHING, writes, WORKFLOW_CHANGES)

/* Files and knowledge bases. */
OPERATION(FILES, listFiles,              GET,    "/v1/files",
          BOT_INTEGRATION_USER, READ, NEVER, NOTHING, reads,  "bot:{bot} files:{bot}")
OPERATION(FILES, upsertFile,             PUT,    "/v1/files",
          BOT_INTEGRATION_USER, SET,  NEVER, NOTHING, writes, "files:{bot}")
OPERATION(FILES, listKnowledgeBases,     GET,    "/v1/files/knowledge-bases",
          BOT_INTEGRATION_USER, READ, NEVER, NOTHING, reads,  "bot:{bot} files:{bot}")
OPERATION(FILES, createKnowledgeBase,    POST,   "/v1/files/knowledge-bases",
          BOT_INTEGRATION_USER, ACT,  NEVER, NOTHING, writes, "files:{bot}")
OPERATION(FILES, searchFiles,            GET,    "/v1/files/search",
          BOT_INTEGRATION_USER, READ, NEVER, NOTHING, reads,  "bot:{bot} files:{bot}")
OPERATION(FILES, listFileTags,           GET,    "/v1/files/tags",
          BOT_INTEGRATION_USER, READ, NEVER, NOTHING, reads,  "bot:{bot} files:{bot}")
OPERATION(FILES, getFile,                GET,    "/v1/files/{id}",
          BOT_INTEGRATION_USER, READ, NEVER, NOTHING, reads,  "bot:{bot} files:{bot}")
OPERATION(FILES, updateFileMetadata,     PUT,    "/v1/files/{id}",
          BOT_INTEGRATION_USER, SET,  NEVER, NOTHING, writes, "files:{bot}")
OPERATION(FILES, deleteFile,             DELETE, "/v1/files/{id}",
          BOT_INTEGRATION_USER, SET,  NEVER, NOTHING, writes, "files:{bot}")
OPERATION(FILES, updateKnowledgeBase,    PUT,    "/v1/files/knowledge-bases/{id}",
          BOT_INTEGRATION_USER, SET,  NEVER, NOTHING, writes, "files:{bot}")
OPERATION(FILES, deleteKnowledgeBase,    DELETE, "/v1/files/knowledge-bases/{id}",
          BOT_INTEGRATION_USER, SET,  NEVER, NOTHING, writes, "files:{bot}")
/* Into the bot that x-destination-bot-id names. */
OPERATION(FILES, copyFile,               POST,   "/v1/files/{idOrKey}/{destinationKey}",
          BOT_INTEGRATION_USER, ACT | OP_TAKES_DESTINATION_BOT, NEVER, NOTHING,
                                                      writes, "files:{bot} files:{destination}")
OPERATION(FILES, listFilePassages,       GET,    "/v1/files/{id}/passages",
          BOT_INTEGRATION_USER, READ, NEVER, NOTHING, reads,  "bot:{bot} files:{bot}")
OPERATION(FILES, setFilePassages,        PUT,    "/v1/files/{id}/passages",
          BOT_INTEGRATION_USER, SET,  NEVER, NOTHING, writes, "files:{bot}")
OPERATION(FILES, listFileTagValues,      GET,    "/v1/files/tags/{tag}/values",
          BOT_INTEGRATION_USER, READ, NEVER, NOTHING, reads,  "bot:{bot} files:{bot}")

/* Tables. None is cached: bots change rows and columns behind the gateway's back (product §6). */
OPERATION(TABLES, listTables,            GET,    "/v1/tables",
          BOT_INTEGRATION_USER, READ, NEVER, NOTHING, reads,  "bot:{bot} tables:{bot}")
OPERATION(TABLES, createTable,           POST,   "/v1/tables",
          BOT_INTEGRATION_USER, ACT,  NEVER, NOTHING, writes, "tables:{bot}")
OPERATION(TABLES, getTable,              GET,    "/v1/tables/{table}",
          BOT_INTEGRATION_USER, READ, NEVER, NOTHING, reads,  "bot:{bot} tables:{bot}")
OPERATION(TABLES, getOrCreateTable,      POST,   "/v1/tables/{table}",
          BOT_INTEGRATION_USER, ACT,  NEVER, NOTHING, writes, "tables:{bot}")
OPERATION(TABLES, updateTable,           PUT,    "/v1/tables/{table}",
          BOT_INTEGRATION_USER, SET,  NEVER, NOTHING, writes, "tables:{bot}")
OPERATION(TABLES, deleteTable,           DELETE, "/v1/tables/{table}",
          BOT_INTEGRATION_USER, SET,  NEVER, NOTHING, writes, "tables:{bot}")
OPERATION(TABLES, duplicateTable,        POST,   "/v1/tables/{sourceTableId}/duplicate",
          BOT_INTEGRATION_USER, ACT,  NEVER, NOTHING, writes, "tables:{bot}")
OPERATION(TABLES, renameTableColumn,     PUT,    "/v1/tables/{table}/column",
          BOT_INTEGRATION_USER, SET,  NEVER, NOTHING, writes, "tables:{bot}")
/* A GET that starts a job: not a reading one, and never sent twice unasked. */
OPERATION(TABLES, exportTable,           GET,    "/v1/tables/{table}/export",
          BOT_INTEGRATION_USER, ACT,  NEVER, NOTHING, writes, "tables:{bot}")
OPERATION(TABLES, importTable,           POST,   "/v1/tables/{table}/import",
          BOT_INTEGRATION_USER, ACT,  NEVER, NOTHING, writes, "tables:{bot}")
OPERATION(TABLES, getTableJobs,          GET,    "/v1/tables/{table}/jobs",
          BOT_INTEGRATION_USER, READ, NEVER, NOTHING, reads,  "bot:{bot} tables:{bot}")
OPERATION(TABLES, getTableRow,           GET,    "/v1/tables/{table}/row",
          BOT_INTEGRATION_USER, READ, NEVER, NOTHING, reads,  "bot:{bot} tables:{bot}")
OPERATION(TABLES, createTableRows,       POST,   "/v1/tables/{table}/rows",
          BOT_INTEGRATION_USER, ACT,  NEVER, NOTHING, writes, "tables:{bot}")
OPERATION(TABLES, updateTableRows,       PUT,    "/v1/tables/{table}/rows",
          BOT_INTEGRATION_USER, SET,  NEVER, NOTHING, writes, "tables:{bot}")
OPERATION(TABLES, deleteTableRows,       POST,   "/v1/tables/{table}/rows/delete",
          BOT_INTEGRATION_USER, ACT,  NEVER, NOTHING, writes, "tables:{bot}")
/* A POST that only reads. */
OPERATION(TABLES, findTableRows,         POST,   "/v1/tables/{table}/rows/find",
          BOT_INTEGRATION_USER, READ, NEVER, NOTHING, reads,  "")
OPERATION(TABLES, upsertTableRows,       POST,   "/v1/tables/{table}/rows/upsert",
          BOT_INTEGRATION_USER, ACT,  NEVER, NOTHING, writes, "tables:{bot}")

/* Language models. */
OPERATION(COGNITIVE, generateAudio,          POST,   "/v2/cognitive/generate-audio",
          BOT, ACT,              NEVER,  NOTHING, writes, "")
OPERATION(COGNITIVE, generateAudioStream,    POST,   "/v2/cognitive/generate-audio-stream",
          BOT, ACT | OP_STREAMS, NEVER,  NOTHING, writes, "")
OPERATION(COGNITIVE, generateImage,          POST,   "/v2/cognitive/generate-image",
          BOT, ACT,              NEVER,  NOTHING, writes, "")
OPERATION(COGNITIVE, generateText,           POST,   "/v2/cognitive/generate-text",
          BOT, ACT,              NEVER,  NOTHING, writes, "")
OPERATION(COGNITIVE, generateTextStream,     POST,   "/v2/cognitive/generate-text-stream",
          BOT, ACT | OP_STREAMS, NEVER,  NOTHING, writes, "")
OPERATION(COGNITIVE, listModels,             GET,    "/v2/cognitive/models",
          BOT, READ | OP_PUBLIC, PUBLIC, NOTHING, reads,  "")
OPERATION(COGNITIVE, transcribeAudio,        POST,   "/v2/cognitive/transcribe-audio",
          BOT, ACT,              NEVER,  NOTHING, writes, "")
OPERATION(COGNITIVE, listVoices,             GET,    "/v2/cognitive/voices",
          BOT, READ | OP_PUBLIC, PUBLIC, NOTHING, reads,  "")

/* The hub: what anyone may read. */
OPERATION(HUB, listPublicIntegrations,           GET,    "/v1/admin/hub/integrations",
          NO_IDS, READ | OP_PUBLIC, HUB_LIST,  QUERY_INSTALLED_BY,
          reads, "integrations bot:{installedByBotId}")
OPERATION(HUB, getPublicIntegrationById,         GET,    "/v1/admin/hub/integrations/{id}",
          NO_IDS, READ | OP_PUBLIC, HUB_EXACT, NOTHING, reads,  "integration:{id}")
OPERATION(HUB, getPublicIntegration, GET, "/v1/admin/hub/integrations/{name}/{version}",
          NO_IDS, READ | OP_PUBLIC, HUB_EXACT, NOTHING, reads,  "integrations")
OPERATION(HUB, listPublicInterfaces,             GET,    "/v1/admin/hub/interfaces",
          NO_IDS, READ | OP_PUBLIC, HUB_LIST,  NOTHING, reads,  "interfaces")
OPERATION(HUB, getPublicInterfaceById,           GET,    "/v1/admin/hub/interfaces/{id}",
          NO_IDS, READ | OP_PUBLIC, HUB_EXACT, NOTHING, reads,  "interface:{id}")
OPERATION(HUB, getPublicInterface, GET, "/v1/admin/hub/interfaces/{name}/{version}",
          NO_IDS, READ | OP_PUBLIC, HUB_EXACT, NOTHING, reads,  "interfaces")
OPERATION(HUB, listPublicPlugins,                GET,    "/v1/admin/hub/plugins",
          NO_IDS, READ | OP_PUBLIC, HUB_LIST,  NOTHING, reads,  "plugins")
OPERATION(HUB, getPublicPluginById,              GET,    "/v1/admin/hub/plugins/{id}",
          NO_IDS, READ | OP_PUBLIC, HUB_EXACT, NOTHING, reads,  "plugin:{id}")
OPERATION(HUB, getDereferencedPublicPluginById,  GET,    "/v1/admin/hub/plugins/{id}/dereferenced",
          NO_IDS, READ | OP_PUBLIC, HUB_EXACT, NOTHING, reads,  "plugin:{id} interfaces")
OPERATION(HUB, getPublicPlugin,                  GET,    "/v1/admin/hub/plugins/{name}/{version}",
          NO_IDS, READ | OP_PUBLIC, HUB_EXACT, NOTHING, reads,  "plugins")
OPERATION(HUB, getPublicPluginCode, GET, "/v1/admin/hub/plugins/{id}/code/{platform}",
          NO_IDS, READ | OP_PUBLIC, HUB_EXACT, NOTHING, reads,  "plugin:{id}")

/* Bots, integrations, workspaces and what belongs to them. */
OPERATION(ADMIN, getAccount,                       GET,    "/v1/admin/account/me",
          NO_IDS,    READ,           ENTITY, NOTHING,     reads,  "account")
/* This POST deletes the account. */
OPERATION(ADMIN, deleteAccount,                    POST,   "/v1/admin/account/me",
          NO_IDS,    ACT | OP_MINTS, NEVER,  NOTHING,     writes, "account workspaces")
OPERATION(ADMIN, updateAccount,                    PUT,    "/v1/admin/account/me",
          NO_IDS,    SET,            NEVER,  NOTHING,     writes, "account")
OPERATION(ADMIN, listPersonalAccessTokens,         GET,    "/v1/admin/account/pats",
          NO_IDS,    READ,           NEVER,  NOTHING,     reads,  "account tokens")
OPERATION(ADMIN, createPersonalAccessToken,        POST,   "/v1/admin/account/pats",
          NO_IDS,    ACT | OP_MINTS, NEVER,  NOTHING,     writes, "tokens")
OPERATION(ADMIN, deletePersonalAccessToken,        DELETE, "/v1/admin/account/pats/{id}",
          NO_IDS,    SET | OP_MINTS, NEVER,  NOTHING,     writes, "tokens")
OPERATION(ADMIN, getAccountPreference,             GET,    "/v1/admin/account/preferences/{key}",
          NO_IDS,    READ,           NEVER,  NOTHING,     reads,  "account")
OPERATION(ADMIN, setAccountPreference,             POST,   "/v1/admin/account/preferences/{key}",
          NO_IDS,    ACT,            NEVER,  NOTHING,     writes, "account")
OPERATION(ADMIN, listActivities,                   GET,    "/v1/admin/activities",
          NO_IDS,    READ,           NEVER,  QUERY_BOT_ID,
          reads, "bot:{botId} workflows:{botId} tasks:{botId}")
OPERATION(ADMIN, listBots,                         GET,    "/v1/admin/bots",
          WORKSPACE, READ,           ENTITY, NOTHING,     reads,  "bots bots:{workspace}")
OPERATION(ADMIN, createBot,                        POST,   "/v1/admin/bots",
          WORKSPACE, ACT,            NEVER,  NOTHING,     writes, BOT_CHANGES)
OPERATION(ADMIN, listBotApiKeys,                   GET,    "/v1/admin/bots/baks",
          WORKSPACE, READ,           NEVER,  QUERY_BOT_ID, reads,  "bot-keys:{workspace}")
OPERATION(ADMIN, createBotApiKey,                  POST,   "/v1/admin/bots/baks",
          WORKSPACE, ACT | OP_MINTS | OP_NAMES_BOT_IN_BODY, NEVER, NOTHING,
                                                          writes, "bot-keys:{workspace}")
OPERATION(ADMIN, getBot,                           GET,    "/v1/admin/bots/{id}",
          WORKSPACE, READ,           ENTITY, BOT,         reads,  "bot:{id}")
OPERATION(ADMIN, updateBot,                        PUT,    "/v1/admin/bots/{id}",
          WORKSPACE, SET,            NEVER,  BOT,         writes, "bot:{id} " BOT_CHANGES)
OPERATION(ADMIN, deleteBot,                        DELETE, "/v1/admin/bots/{id}",
          WORKSPACE, SET,            NEVER,  BOT,         writes, "bot:{id} " BOT_CHANGES)
OPERATION(ADMIN, deleteBotApiKey,                  DELETE, "/v1/admin/bots/baks/{id}",
          WORKSPACE, SET | OP_MINTS, NEVER,  NOTHING,     writes, "bot-keys:{workspace}")
OPERATION(ADMIN, getBotAllowlist,                  GET,    "/v1/admin/bots/{botId}/allowlist",
          WORKSPACE, READ,           ENTITY, BOT,         reads,  "bot:{botId}")
OPERATION(ADMIN, updateBotAllowlist,               PUT,    "/v1/admin/bots/{botId}/allowlist",
          WORKSPACE, SET,            NEVER,  BOT,         writes, "bot:{botId} " BOT_CHANGES)
OPERATION(ADMIN, listActionRuns,                   GET,    "/v1/admin/bots/{id}/action-runs",
          WORKSPACE, READ,           NEVER,  BOT,         reads,  "bot:{id}")
OPERATION(ADMIN, getBotAnalytics,                  GET,    "/v1/admin/bots/{id}/analytics",
          WORKSPACE, READ,           USAGE,  BOT,         reads,  "bot:{id}")
OPERATION(ADMIN, getBotJson,                       GET,    "/v1/admin/bots/{id}/bot-json",
          WORKSPACE, READ,           ENTITY, BOT,         reads,  "bot:{id}")
OPERATION(ADMIN, listBotIssues,                    GET,    "/v1/admin/bots/{id}/issues",
          WORKSPACE, READ,           NEVER,  BOT,         reads,  "bot:{id}")
OPERATION(ADMIN, getBotLogs,                       GET,    "/v1/admin/bots/{id}/logs",
          WORKSPACE, READ,           NEVER,  BOT,         reads,  "bot:{id}")
OPERATION(ADMIN, publishFromBotJson, POST, "/v1/admin/bots/{id}/publish-from-bot-json",
          WORKSPACE, ACT,            NEVER,  BOT,         writes, "bot:{id} " BOT_CHANGES)
/* The target workspace stands in the body, so every list of bots is stale. */
OPERATION(ADMIN, transferBot,                      POST,   "/v1/admin/bots/{id}/transfer",
          WORKSPACE, ACT | OP_MINTS | OP_NAMES_BOT_IN_BODY, NEVER, BOT,
                                                          writes, "bot:{id} bots workspaces usages")
OPERATION(ADMIN, listBotVersions,                  GET,    "/v1/admin/bots/{id}/versions",
          WORKSPACE, READ,           ENTITY, BOT,         reads,  "bot:{id}")
OPERATION(ADMIN, createBotVersion,                 POST,   "/v1/admin/bots/{id}/versions",
          WORKSPACE, ACT,            NEVER,  BOT,         writes, "bot:{id} " BOT_CHANGES)
OPERATION(ADMIN, getBotWebchat,                    GET,    "/v1/admin/bots/{id}/webchat",
          WORKSPACE, READ,           ENTITY, BOT,         reads,  "bot:{id}")
OPERATION(ADMIN, getBotIssue,                      GET,    "/v1/admin/bots/{id}/issues/{issueId}",
          WORKSPACE, READ,           NEVER,  BOT,         reads,  "bot:{id}")
OPERATION(ADMIN, deleteBotIssue,                   DELETE, "/v1/admin/bots/{id}/issues/{issueId}",
          WORKSPACE, SET,            NEVER,  BOT,         writes, "bot:{id}")
OPERATION(ADMIN, rotateBotSigningSecrets, POST, "/v1/admin/bots/{id}/signing-secrets/rotate",
          WORKSPACE, ACT | OP_MINTS, NEVER,  BOT,         writes, "bot:{id} " BOT_CHANGES)
OPERATION(ADMIN, deployBotVersion,                 POST,   "/v1/admin/bots/{id}/versions/deploy",
          WORKSPACE, ACT,            NEVER,  BOT,         writes, "bot:{id} " BOT_CHANGES)
OPERATION(ADMIN, getBotVersion, GET, "/v1/admin/bots/{id}/versions/{versionId}",
          WORKSPACE, READ,           ENTITY, BOT,         reads,  "bot:{id}")
OPERATION(ADMIN, unlinkSandboxedConversations, DELETE,
          "/v1/admin/bots/{botId}/integrations/{integrationId}/sandboxed-conversations",
          WORKSPACE, SET,            NEVER,  BOT_THEN_INTEGRATION,
                                                          writes, "bot:{botId} " BOT_CHANGES)
OPERATION(ADMIN, getIntegrationShareableId, GET,
          "/v1/admin/bots/{botId}/integrations/{integrationId}/shareable-id",
          WORKSPACE, READ,           ENTITY, BOT_THEN_INTEGRATION, reads,  "bot:{botId}")
OPERATION(ADMIN, createIntegrationShareableId, POST,
          "/v1/admin/bots/{botId}/integrations/{integrationId}/shareable-id",
          WORKSPACE, ACT,            NEVER,  BOT_THEN_INTEGRATION,
                                                          writes, "bot:{botId} " BOT_CHANGES)
OPERATION(ADMIN, deleteIntegrationShareableId, DELETE,
          "/v1/admin/bots/{botId}/integrations/{integrationId}/shareable-id",
          WORKSPACE, SET,            NEVER,  BOT_THEN_INTEGRATION,
                                                          writes, "bot:{botId} " BOT_CHANGES)
OPERATION(ADMIN, listBotIssueEvents, GET, "/v1/admin/bots/{id}/issues/{issueId}/events",
          WORKSPACE, READ,           NEVER,  BOT,         reads,  "bot:{id}")
OPERATION(ADMIN, runVrl,                           POST,   "/v1/admin/helper/vrl",
          WORKSPACE, READ,           NEVER,  NOTHING,     reads,  "")
OPERATION(ADMIN, listIntegrations,                 GET,    "/v1/admin/integrations",
          WORKSPACE, READ,           ENTITY, QUERY_INSTALLED_BY,
          reads, "integrations bot:{installedByBotId}")
OPERATION(ADMIN, createIntegration,                POST,   "/v1/admin/integrations",
          WORKSPACE, ACT,            NEVER,  NOTHING,     writes, "integrations")
OPERATION(ADMIN, listIntegrationApiKeys,           GET,    "/v1/admin/integrations/iaks",
          WORKSPACE, READ,           NEVER,  QUERY_INTEGRATION_ID,
                                                          reads,  "integration-keys:{workspace}")
OPERATION(ADMIN, createIntegrationApiKey,          POST,   "/v1/admin/integrations/iaks",
          WORKSPACE, ACT | OP_MINTS | OP_NAMES_BOT_IN_BODY, NEVER, NOTHING,
                                                          writes, "integration-keys:{workspace}")
OPERATION(ADMIN, requestIntegrationVerification, POST,
          "/v1/admin/integrations/request-verification",
          WORKSPACE, ACT | OP_NAMES_BOT_IN_BODY, NEVER, NOTHING, writes, "integrations")
OPERATION(ADMIN, validateIntegrationCreation,      POST,   "/v1/admin/integrations/validate",
          WORKSPACE, READ,           NEVER,  NOTHING,     reads,  "")
OPERATION(ADMIN, getIntegration,                   GET,    "/v1/admin/integrations/{id}",
          WORKSPACE, READ,           ENTITY, INTEGRATION, reads,  "integration:{id}")
OPERATION(ADMIN, updateIntegration,                PUT,    "/v1/admin/integrations/{id}",
          WORKSPACE, SET,            NEVER,  INTEGRATION, writes, "integration:{id} integrations")
OPERATION(ADMIN, deleteIntegration,                DELETE, "/v1/admin/integrations/{id}",
          WORKSPACE, SET,            NEVER,  INTEGRATION, writes, "integration:{id} integrations")
OPERATION(ADMIN, deleteIntegrationApiKey,          DELETE, "/v1/admin/integrations/iaks/{id}",
          WORKSPACE, SET | OP_MINTS, NEVER,  NOTHING,     writes, "integration-keys:{workspace}")
OPERATION(ADMIN, getIntegrationLogs,               GET,    "/v1/admin/integrations/{id}/logs",
          WORKSPACE, READ,           NEVER,  INTEGRATION, reads,  "integration:{id}")
OPERATION(ADMIN, validateIntegrationUpdate,        PUT,    "/v1/admin/integrations/{id}/validate",
          WORKSPACE, READ,           NEVER,  INTEGRATION, reads,  "")
OPERATION(ADMIN, getIntegrationByName, GET, "/v1/admin/integrations/{name}/{version}",
          WORKSPACE, READ,           ENTITY, NOTHING,     reads,  "integrations")
OPERATION(ADMIN, rotateIntegrationSigningSecrets, POST,
          "/v1/admin/integrations/{id}/signing-secrets/rotate",
          WORKSPACE, ACT | OP_MINTS, NEVER,  INTEGRATION, writes, "integration:{id} integrations")
OPERATION(ADMIN, listInterfaces,                   GET,    "/v1/admin/interfaces",
          WORKSPACE, READ,           ENTITY, NOTHING,     reads,  "interfaces")
OPERATION(ADMIN, createInterface,                  POST,   "/v1/admin/interfaces",
          WORKSPACE, ACT,            NEVER,  NOTHING,     writes, "interfaces")
OPERATION(ADMIN, getInterface,                     GET,    "/v1/admin/interfaces/{id}",
          WORKSPACE, READ,           ENTITY, NOTHING,     reads,  "interface:{id}")
OPERATION(ADMIN, updateInterface,                  PUT,    "/v1/admin/interfaces/{id}",
          WORKSPACE, SET,            NEVER,  NOTHING,     writes, "interface:{id} interfaces")
OPERATION(ADMIN, deleteInterface,                  DELETE, "/v1/admin/interfaces/{id}",
          WORKSPACE, SET,            NEVER,  NOTHING,     writes, "interface:{id} interfaces")
OPERATION(ADMIN, getInterfaceByName,               GET,    "/v1/admin/interfaces/{name}/{version}",
          WORKSPACE, READ,           ENTITY, NOTHING,     reads,  "interfaces")
OPERATION(ADMIN, introspect,                       POST,   "/v1/admin/introspect",
          NO_IDS,    READ | OP_NAMES_BOT_IN_BODY, NEVER, NOTHING, reads,  "")
OPERATION(ADMIN, listPlugins,                      GET,    "/v1/admin/plugins",
          WORKSPACE, READ,           ENTITY, NOTHING,     reads,  "plugins")
OPERATION(ADMIN, createPlugin,                     POST,   "/v1/admin/plugins",
          WORKSPACE, ACT,            NEVER,  NOTHING,     writes, "plugins")
OPERATION(ADMIN, getPlugin,                        GET,    "/v1/admin/plugins/{id}",
          WORKSPACE, READ,           ENTITY, NOTHING,     reads,  "plugin:{id}")
OPERATION(ADMIN, updatePlugin,                     PUT,    "/v1/admin/plugins/{id}",
          WORKSPACE, SET,            NEVER,  NOTHING,     writes, "plugin:{id} plugins")
OPERATION(ADMIN, deletePlugin,                     DELETE, "/v1/admin/plugins/{id}",
          WORKSPACE, SET,            NEVER,  NOTHING,     writes, "plugin:{id} plugins")
OPERATION(ADMIN, getDereferencedPlugin,            GET,    "/v1/admin/plugins/{id}/dereferenced",
          WORKSPACE, READ,           ENTITY, NOTHING,     reads,  "plugin:{id} interfaces")
OPERATION(ADMIN, getPluginByName,                  GET,    "/v1/admin/plugins/{name}/{version}",
          WORKSPACE, READ,           ENTITY, NOTHING,     reads,  "plugins")
OPERATION(ADMIN, getPluginCode,                    GET,    "/v1/admin/plugins/{id}/code/{platform}",
          WORKSPACE, READ,           ENTITY, NOTHING,     reads,  "plugin:{id}")
/* Decides how much money may be spent. */
OPERATION(ADMIN, changeAISpendQuota,               PUT,    "/v1/admin/quotas/ai-spend",
          WORKSPACE, SET | OP_MINTS, NEVER,  NOTHING,     writes, BILLING_CHANGES)
/* The id of a usage is that of a bot or of a workspace. */
OPERATION(ADMIN, getMultipleUsages,                GET,    "/v1/admin/usages/multiple",
          NO_IDS,    READ,           USAGE,  QUERY_IDS,   reads,  "usages")
OPERATION(ADMIN, getUsage,                         GET,    "/v1/admin/usages/{id}",
          WORKSPACE, READ,           USAGE,  BOT_OR_WORKSPACE, reads,  "usages")
OPERATION(ADMIN, listUsageActivity,                GET,    "/v1/admin/usages/{id}/activity",
          WORKSPACE, READ,           USAGE,  BOT_OR_WORKSPACE, reads,  "usages")
OPERATION(ADMIN, listUsageActivityDaily,           GET,    "/v1/admin/usages/{id}/daily-activity",
          WORKSPACE, READ,           USAGE,  BOT_OR_WORKSPACE, reads,  "usages")
OPERATION(ADMIN, listUsageHistory,                 GET,    "/v1/admin/usages/{id}/history",
          WORKSPACE, READ,           USAGE,  BOT_OR_WORKSPACE, reads,  "usages")
OPERATION(ADMIN, listWorkspaceMembers,             GET,    "/v1/admin/workspace-members",
          WORKSPACE, READ,           ENTITY, NOTHING,     reads,  "members:{workspace} account")
OPERATION(ADMIN, createWorkspaceMember,            POST,   "/v1/admin/workspace-members",
          WORKSPACE, ACT | OP_MINTS, NEVER,  NOTHING,     writes, "members:{workspace}")
OPERATION(ADMIN, getWorkspaceMember,               GET,    "/v1/admin/workspace-members/me",
          WORKSPACE, READ,           ENTITY, NOTHING,     reads,  "members:{workspace} account")
OPERATION(ADMIN, updateWorkspaceMember,            PUT,    "/v1/admin/workspace-members/{id}",
          WORKSPACE, SET | OP_MINTS, NEVER,  NOTHING,     writes, "members:{workspace}")
OPERATION(ADMIN, deleteWorkspaceMember,            DELETE, "/v1/admin/workspace-members/{id}",
          WORKSPACE, SET | OP_MINTS, NEVER,  NOTHING,     writes, "members:{workspace}")
OPERATION(ADMIN, listWorkspaces,                   GET,    "/v1/admin/workspaces",
          NO_IDS,    READ,           ENTITY, NOTHING,     reads,  "workspaces")
OPERATION(ADMIN, createWorkspace,                  POST,   "/v1/admin/workspaces",
          NO_IDS,    ACT,            NEVER,  NOTHING,     writes, WORKSPACE_CHANGES)
/* A PUT that only reads. */
OPERATION(ADMIN, checkHandleAvailability, PUT, "/v1/admin/workspaces/handle-availability",
          NO_IDS,    READ,           NEVER,  NOTHING,     reads,  "")
OPERATION(ADMIN, listPublicWorkspaces,             GET,    "/v1/admin/workspaces/public",
          NO_IDS,    READ | OP_PUBLIC, PUBLIC, NOTHING,     reads,  "public-workspaces")
OPERATION(ADMIN, getWorkspace,                     GET,    "/v1/admin/workspaces/{id}",
          NO_IDS,    READ,           ENTITY, WORKSPACE,   reads,  "workspaces")
OPERATION(ADMIN, updateWorkspace,                  PUT,    "/v1/admin/workspaces/{id}",
          NO_IDS,    SET,            NEVER,  WORKSPACE,   writes, WORKSPACE_CHANGES)
OPERATION(ADMIN, deleteWorkspace,                  DELETE, "/v1/admin/workspaces/{id}",
          NO_IDS,    SET,            NEVER,  WORKSPACE,   writes, WORKSPACE_CHANGES " bots")
OPERATION(ADMIN, getWorkspacePreference,           GET,    "/v1/admin/workspaces/preferences/{key}",
          NO_IDS,    READ,           NEVER,  NOTHING,     reads,  "workspaces")
OPERATION(ADMIN, setWorkspacePreference,           POST,   "/v1/admin/workspaces/preferences/{key}",
          NO_IDS,    ACT,            NEVER,  NOTHING,     writes, "workspaces")
OPERATION(ADMIN, getAllWorkspaceQuotaCompletion, GET,
          "/v1/admin/workspaces/usages/quota-completion",
          NO_IDS,    READ,           USAGE,  NOTHING,     reads,  "usages")
OPERATION(ADMIN, getAuditRecords, GET, "/v1/admin/workspaces/{id}/audit-records",
          NO_IDS,    READ,           NEVER,  WORKSPACE,   reads,  "workspaces")
OPERATION(ADMIN, changeWorkspacePlan,              PUT,    "/v1/admin/workspaces/{id}/change-plan",
          NO_IDS,    SET | OP_MINTS | OP_FORMER, NEVER,  WORKSPACE,
                                                          writes, "billing:{id} workspaces usages")
OPERATION(ADMIN, migrateWorkspaceToV4, POST, "/v1/admin/workspaces/{id}/migrate-to-v4",
          NO_IDS,    ACT | OP_MINTS, NEVER,  WORKSPACE,   writes, "billing:{id} " WORKSPACE_CHANGES)
/* What anyone may read of any workspace: its id is not bound. */
OPERATION(ADMIN, getPublicWorkspace,               GET,    "/v1/admin/workspaces/{id}/public",
          NO_IDS,    READ | OP_PUBLIC, PUBLIC, NOTHING,     reads,  "public-workspaces")
OPERATION(ADMIN, getWorkspaceQuota,                GET,    "/v1/admin/workspaces/{id}/quota",
          NO_IDS,    READ,           USAGE,  WORKSPACE,   reads,  "usages")
OPERATION(ADMIN, listWorkspaceQuotas,              GET,    "/v1/admin/workspaces/{id}/quotas",
          NO_IDS,    READ,           USAGE,  WORKSPACE,   reads,  "usages")
OPERATION(ADMIN, listWorkspaceUsages,              GET,    "/v1/admin/workspaces/{id}/usages",
          NO_IDS,    READ,           USAGE,  WORKSPACE,   reads,  "usages")
OPERATION(ADMIN, getWorkspaceBillingDetails, GET, "/v1/admin/workspaces/{id}/billing/details",
          NO_IDS,    READ | OP_FORMER, NEVER,  WORKSPACE,   reads,  "billing:{id}")
OPERATION(ADMIN, listWorkspaceInvoices, GET, "/v1/admin/workspaces/{id}/billing/invoices",
          NO_IDS,    READ,           NEVER,  WORKSPACE,   reads,  "billing:{id}")
OPERATION(ADMIN, updateWorkspacePaymentMethod, PUT,
          "/v1/admin/workspaces/{id}/billing/payment-method",
          NO_IDS,    SET | OP_MINTS | OP_FORMER, NEVER,  WORKSPACE,
                                                          writes, "billing:{id} workspaces usages")
OPERATION(ADMIN, getUpcomingInvoice, GET, "/v1/admin/workspaces/{id}/billing/upcoming-invoice",
          NO_IDS,    READ,           NEVER,  WORKSPACE,   reads,  "billing:{id}")
OPERATION(ADMIN, breakDownWorkspaceUsageByBot, GET, "/v1/admin/workspaces/{id}/usages/by-bot",
          NO_IDS,    READ,           USAGE,  WORKSPACE,   reads,  "usages")
OPERATION(ADMIN, chargeWorkspaceUnpaidInvoices, POST,
          "/v1/admin/workspaces/{id}/billing/invoices/charge-unpaid",
          NO_IDS,    ACT | OP_MINTS, NEVER,  WORKSPACE,   writes, "billing:{id} workspaces usages")

/* Money. */
OPERATION(BILLING, listAddons,                 GET,    "/v2/billing/addons",
          NO_IDS,    READ | OP_PUBLIC, PUBLIC, NOTHING, reads,  "")
OPERATION(BILLING, setAddons,                  PATCH,  "/v2/billing/addons",
          WORKSPACE, ACT | OP_MINTS,   NEVER,  NOTHING, writes, BILLING_CHANGES)
OPERATION(BILLING, getAddon,                   GET,    "/v2/billing/addons/{addonId}",
          NO_IDS,    READ | OP_PUBLIC, PUBLIC, NOTHING, reads,  "")
OPERATION(BILLING, getBillingAddress,          GET,    "/v2/billing/address",
          WORKSPACE, READ,             NEVER,  NOTHING, reads,  "billing:{workspace}")
OPERATION(BILLING, setBillingAddress,          PUT,    "/v2/billing/address",
          WORKSPACE, SET | OP_MINTS,   NEVER,  NOTHING, writes, BILLING_CHANGES)
OPERATION(BILLING, getAutoRechargeSettings,    GET,    "/v2/billing/auto-recharge/settings",
          WORKSPACE, READ,             NEVER,  NOTHING, reads,  "billing:{workspace}")
OPERATION(BILLING, setAutoRechargeSettings,    PUT,    "/v2/billing/auto-recharge/settings",
          WORKSPACE, SET | OP_MINTS,   NEVER,  NOTHING, writes, BILLING_CHANGES)
OPERATION(BILLING, createCreditGrant,          POST,   "/v2/billing/credit-grants",
          WORKSPACE, ACT | OP_MINTS,   NEVER,  NOTHING, writes, BILLING_CHANGES)
OPERATION(BILLING, listInvoices,               GET,    "/v2/billing/invoices",
          WORKSPACE, READ,             NEVER,  NOTHING, reads,  "billing:{workspace}")
OPERATION(BILLING, payInvoice,                 POST,   "/v2/billing/invoices/{invoiceId}/pay",
          WORKSPACE, ACT | OP_MINTS,   NEVER,  NOTHING, writes, BILLING_CHANGES)
OPERATION(BILLING, getPaymentMethod,           GET,    "/v2/billing/payment-methods",
          WORKSPACE, READ,             NEVER,  NOTHING, reads,  "billing:{workspace}")
OPERATION(BILLING, setPaymentMethod,           POST,   "/v2/billing/payment-methods",
          WORKSPACE, ACT | OP_MINTS,   NEVER,  NOTHING, writes, BILLING_CHANGES)
OPERATION(BILLING, createPaymentMethodIntent,  POST,   "/v2/billing/payment-methods/intent",
          WORKSPACE, ACT | OP_MINTS,   NEVER,  NOTHING, writes, BILLING_CHANGES)
OPERATION(BILLING, listPlans,                  GET,    "/v2/billing/plans",
          NO_IDS,    READ | OP_PUBLIC, PUBLIC, NOTHING, reads,  "")
OPERATION(BILLING, setPlan,                    PUT,    "/v2/billing/plans",
          WORKSPACE, SET | OP_MINTS,   NEVER,  NOTHING, writes, BILLING_CHANGES)
OPERATION(BILLING, getPlan,                    GET,    "/v2/billing/plans/{planId}",
          NO_IDS,    READ | OP_PUBLIC, PUBLIC, NOTHING, reads,  "")
OPERATION(BILLING, getQuotas,                  GET,    "/v2/billing/quotas",
          WORKSPACE, READ,             USAGE,  NOTHING, reads,  "billing:{workspace} usages")
OPERATION(BILLING, getBillingReadonly,         GET,    "/v2/billing/readonly",
          WORKSPACE, READ,             NEVER,  NOTHING, reads,  "billing:{workspace}")
OPERATION(BILLING, getSubscription,            GET,    "/v2/billing/subscriptions",
          WORKSPACE, READ,             NEVER,  NOTHING, reads,  "billing:{workspace}")
OPERATION(BILLING, setCancelAtPeriodEnd,       POST,   "/v2/billing/subscriptions/cancel",
          WORKSPACE, ACT | OP_MINTS,   NEVER,  NOTHING, writes, BILLING_CHANGES)
OPERATION(BILLING, previewSubscriptionUpdate,  POST,   "/v2/billing/subscriptions/preview",
          WORKSPACE, READ,             NEVER,  NOTHING, reads,  "")
OPERATION(BILLING, getTrials,                  GET,    "/v2/billing/trials",
          WORKSPACE, READ,             NEVER,  NOTHING, reads,  "billing:{workspace}")
OPERATION(BILLING, createTrial,                POST,   "/v2/billing/trials",
          WORKSPACE, ACT | OP_MINTS,   NEVER,  NOTHING, writes, BILLING_CHANGES)
OPERATION(BILLING, removeTrial,                DELETE, "/v2/billing/trials",
          WORKSPACE, SET | OP_MINTS,   NEVER,  NOTHING, writes, BILLING_CHANGES)
OPERATION(BILLING, getWorkspaceUsage,          GET,    "/v2/usage/workspace-usage",
          WORKSPACE, READ,             USAGE,  NOTHING, reads,  "billing:{workspace} usages")
OPERATION(BILLING, getWorkspaceUsages,         GET,    "/v2/usage/workspace-usages",
          WORKSPACE, READ,             USAGE,  NOTHING, reads,  "billing:{workspace} usages")

#undef BOT_CHANGES
#undef BILLING_CHANGES
#undef WORKSPACE_CHANGES
#undef MESSAGE_CHANGES
#undef WORKFLOW_CHANGES
/* clang-format on */
