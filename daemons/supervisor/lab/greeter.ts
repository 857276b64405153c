// What a published container of a lab runs when it was given no program: says who it is and who asked. Arguments: its name,
// then ports.
import { createServer } from 'node:http';

const [name = '', ...ports] = process.argv.slice(2);
for (const port of ports) {
  createServer(({ socket }, response) => {
    response.setHeader('content-type', 'text/plain');
    response.end(`${name}: you come from ${(socket.remoteAddress ?? '').replace('::ffff:', '')}\n`);
  }).listen(Number(port));
}
