import t from 'tap';
import { planAttachment } from '../../../../daemons/network-manager/attachments/plan-attachment.ts';
import type { Want } from '../../../../daemons/network-manager/attachments/want-attachments.ts';
import { lease } from './support.ts';

const attach: Want = { kind: 'attach', network: 'corral' };
const none: Want = { kind: 'none', why: 'x' };
const refused: Want = { kind: 'refused', code: 'NETWORK_UNKNOWN', text: 'x' };
const run = { inode: 4026532000, startedAt: 'now' };
const started = (startedAt: string) => ({ config: { args: { corral: { facts: { startedAt } } } } });
const present = lease(started('now'));
const foreign = lease({}, { engine: 'cni' });
const old = lease({ ...started('now'), netnsInode: 1 });
const sameNumber = lease(started('before'));
const reserved = lease({ ...started('now'), phase: 'reserved' });

t.test('what is to be done', async (t) => {
  t.same(planAttachment(attach, [], run), { drop: [], add: true }, 'new');
  t.same(planAttachment(attach, [present], run), { drop: [], add: false }, 'attached');
  t.same(planAttachment(attach, [foreign], run), { drop: [], add: false }, 'attached by its own runtime');
  t.same(planAttachment(attach, [old], run), { drop: [old], add: true }, 'restarted');
  t.same(
    planAttachment(attach, [sameNumber], run),
    { drop: [sameNumber], add: true },
    'restarted, the inode came back',
  );
  t.same(planAttachment(attach, [reserved], run), { drop: [], add: true }, 'killed half-way: ADD takes it over');
  t.same(planAttachment(none, [present], run), { drop: [], add: false }, 'attached by hand');
  t.same(planAttachment(refused, [present], run), { drop: [], add: false }, 'its network left the snapshot');
  t.same(planAttachment(none, [old], run), { drop: [old], add: false }, 'attached by hand, restarted');
  t.same(planAttachment(attach, [lease({ netnsInode: null })], run).drop.length, 1, 'a lease that knows no namespace');
});
