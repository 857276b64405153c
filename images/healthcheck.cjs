// HEALTHCHECK of the images: `node healthcheck.cjs SOCKET`. Ends with 0 if the daemon behind the socket is ready, or degraded by
// something outside; what it says otherwise goes to `docker inspect`. Without node:http, whose loading takes longer than the rest.
const { connect } = require('node:net');

const deadlineMs = 5_000;
const maxBytes = 64 * 1024;
const path = process.argv[2];

function end(code, text) {
  process.stdout.write(`${text}\n`);
  process.exit(code);
}

let said = '';
const socket = connect({ path }, () => socket.write('GET /readyz HTTP/1.0\r\n\r\n'));
socket.setEncoding('utf8');
socket.on('data', (text) => {
  said += text;
  if (said.length > maxBytes) end(1, `${path}: an answer without end`);
});
socket.on('end', () => {
  const body = said.slice(said.indexOf('\r\n\r\n') + 4);
  end(/^HTTP\/1\.\d 200 /.test(said) ? 0 : 1, body.slice(0, 2_000) || `${path}: no answer`);
});
socket.on('error', ({ code }) => end(1, `${path}: ${code}`));
setTimeout(() => end(1, `${path}: no answer in ${deadlineMs} ms`), deadlineMs);
