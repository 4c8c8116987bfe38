// client.js - the official client, pointed at a gateway (or straight at a stand-in).

import { Client } from '@botpress/client';

export function botpressClient(target, settings = {}) {
  return new Client({
    apiUrl: target.url,
    token: target.key,
    botId: 'bot_1',
    workspaceId: 'wkspace_1',
    ...settings,
  });
}

/** The error that a call of the client ends with. */
export async function errorOf(call) {
  let answer;
  try {
    answer = await call;
  } catch (error) {
    return error;
  }
  throw new Error(`the call succeeded: ${JSON.stringify(answer).slice(0, 200)}`);
}
