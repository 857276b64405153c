// A program that holds many polls from many addresses and tells when the last of them was answered.
import { clientAddress } from './bed.ts';

export function crowdScript(url: string, polls: number, perAddress: number): string {
  const { hostname, port, pathname, search } = new URL(url);
  const addresses = Array.from({ length: Math.ceil(polls / perAddress) }, (_, n) => clientAddress(n));
  return `
    const { connect } = require('node:net');
    const addresses = ${JSON.stringify(addresses)};
    const request = 'GET ${pathname}${search} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n';
    let answered = 0, begun = 0;
    // One buffer for all, and nothing but counting: who answers is to be measured, not who asks.
    const onread = { buffer: Buffer.alloc(64 * 1024), callback: () => {
      answered += 1;
      if (answered === ${polls}) console.log(JSON.stringify({ last: performance.timeOrigin + performance.now() }));
      return true;
    } };
    const open = () => {
      const localAddress = addresses[Math.floor(begun / ${perAddress})];
      begun += 1;
      const socket = connect({ host: '${hostname}', port: ${port || 80}, localAddress, onread }, () => {
        socket.write(request);
        if (begun < ${polls}) open();
      });
      socket.on('error', (error) => { console.error(error.message); process.exit(1); });
    };
    for (let n = 0; n < 32; n += 1) open();`;
}
