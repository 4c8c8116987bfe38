// outbound_proxy.js - a proxy that connects everybody to one upstream, or fails as it is told.
//
// `order`: `answer` are bytes in place of a tunnel, `after` bytes behind a good answer, `stall` is silence.

import net from 'node:net';

export async function startProxy(t, upstream) {
  const proxy = { heads: [], order: {} };
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let head = '';
    const onData = (bytes) => {
      head += bytes.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      proxy.heads.push(head);
      serve(socket, proxy.order, upstream);
    };
    socket.on('data', onData);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  proxy.port = server.address().port;
  return proxy;
}

function serve(socket, { answer, after = '', stall }, upstream) {
  if (stall) return;
  if (answer !== undefined) {
    socket.end(Buffer.from(answer, 'latin1'));
    return;
  }
  const inner = net.connect(upstream.port, '127.0.0.1');
  inner.on('error', () => socket.destroy());
  inner.once('connect', () => {
    socket.write(`HTTP/1.1 200 Connection established\r\n\r\n${after}`);
    socket.pipe(inner).pipe(socket);
  });
}
