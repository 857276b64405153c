// HEALTHCHECK of charon: asks for its version over VICI. A packet is its length in four bytes, a type, and for a request (0) the
// command's name behind the name's length; the answer is of type 1.
const { connect } = require('node:net');

const path = '/run/corral/charon.vici';
const deadlineMs = 5_000;
const name = Buffer.from('version');
const request = Buffer.concat([Buffer.from([0, 0, 0, name.length + 2, 0, name.length]), name]);

function end(code, text) {
  process.stdout.write(`${text}\n`);
  process.exit(code);
}

const socket = connect({ path }, () => socket.write(request));
let said = Buffer.alloc(0);
socket.on('data', (bytes) => {
  said = Buffer.concat([said, bytes]);
  if (said.length > 4) end(said[4] === 1 ? 0 : 1, said[4] === 1 ? 'charon answers' : 'charon refuses');
});
socket.on('end', () => end(1, `${path}: no answer`));
socket.on('error', ({ code }) => end(1, `${path}: ${code}`));
setTimeout(() => end(1, `${path}: no answer in ${deadlineMs} ms`), deadlineMs);
