import t from 'tap';
import { describeEnd } from '../../../../daemons/supervisor/containers/launch-container.ts';
import { imageOf, planContainer } from '../../../../daemons/supervisor/containers/plan-container.ts';

const plan = {
  images: { prefix: 'registry.example/corral/', tag: 'auto' },
  version: '1.2.3',
  places: { configDir: '/etc/corral', engineRoot: '/data/docker' },
  environment: { PATH: '/bin', CORRAL_DNS_TTL: '5', CORRAL_PROC_SYS: '/elsewhere' },
};

t.test('an image of this version, or of the tag that was asked for', async (t) => {
  t.equal(imageOf({ ...plan, daemon: 'dns' }), 'registry.example/corral/dns:1.2.3');
  t.equal(imageOf({ ...plan, daemon: 'dns', images: { prefix: '', tag: 'edge' } }), 'dns:edge');
});

t.test('a daemon gets its capabilities and mounts, and of the environment what is ours', async (t) => {
  const dns = planContainer({ ...plan, daemon: 'dns' });
  t.match(dns, { name: 'corral-dns', label: ['io.corral.daemon', 'dns'], unconfined: false });
  t.same(dns.environment, [
    'CORRAL_OVERLAY_IPSEC_CHARON=/run/corral/charon.vici',
    'CORRAL_DNS_TTL=5',
    'CORRAL_PROC_SYS=/host/proc/sys',
  ]);
  t.same(dns.capabilities, ['NET_ADMIN', 'NET_BIND_SERVICE']);
  t.ok(dns.binds.includes('/etc/corral:/etc/corral:ro'));
  const manager = planContainer({ ...plan, daemon: 'network-manager' });
  t.ok(
    manager.binds.includes('/data/docker/containers:/data/docker/containers'),
    'the engine says where it keeps files',
  );
});

t.test('how a container ended, for people', async (t) => {
  t.equal(describeEnd({ exitCode: 137, lastLines: 'x' }), 'was killed by SIGKILL');
  t.equal(describeEnd({ exitCode: 139, lastLines: '' }), 'was killed by SIGSEGV');
  t.equal(describeEnd({ exitCode: 0, lastLines: '' }), 'exited with code 0');
  const lastLines = '{"level":30}\ncorral dns: PORT_TAKEN: listen\n';
  t.equal(describeEnd({ exitCode: 1, lastLines }), 'exited with code 1: corral dns: PORT_TAKEN: listen');
});
