import t from 'tap';
import { renderResolution, renderSteps } from '../../../../daemons/supervisor/cli/render-resolution.ts';

t.equal(
  renderResolution({
    name: 'web.shop',
    type: 'A',
    rcode: 'NOERROR',
    source: 'local',
    answers: [
      { name: 'web.shop.rancher.internal', type: 'CNAME', ttl: 1, data: 'lb.shop' },
      { name: 'lb.shop', type: 'A', ttl: 1, data: '10.42.0.2' },
      { name: 'lb.shop', type: 'SRV', ttl: 86_400, data: { port: 80 } },
    ],
  }),
  `web.shop.rancher.internal      1  CNAME  lb.shop
lb.shop                        1  A      10.42.0.2
lb.shop                    86400  SRV    {"port":80}
`,
);

const told = { name: 'db', type: 'A', rcode: 'NOERROR', source: 'search', answers: [] };
t.equal(renderSteps(told), '', 'nobody asked for steps');
t.equal(
  renderSteps({ ...told, steps: ['asked from 10.42.0.2', 'db.rancher.internal: not there'] }),
  ' 1. asked from 10.42.0.2\n 2. db.rancher.internal: not there\n 3. answered: NOERROR (search)\n\n',
);
