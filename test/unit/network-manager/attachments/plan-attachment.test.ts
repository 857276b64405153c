import t from 'tap';
import { planAttachment } from '../../../../daemons/network-manager/attachments/plan-attachment.ts';
import type { Want } from '../../../../daemons/network-manager/attachments/want-attachments.ts';
import { lease } from './support.ts';

const attach: Want = { kind: 'attach', network: 'corral' };
const none: Want = { kind: 'none', why: 'x' };
const refused: Want = { kind: 'refused', code: 'NETWORK_UNKNOWN', text: 'x' };
const inode = 4026532000;
const present = lease();
const old = lease({ netnsInode: 1 });
const reserved = lease({ phase: 'reserved' });

t.test('what is to be done', async (t) => {
  t.same(planAttachment(attach, [], inode), { drop: [], add: true }, 'new');
  t.same(planAttachment(attach, [present], inode), { drop: [], add: false }, 'attached');
  t.same(planAttachment(attach, [old], inode), { drop: [old], add: true }, 'restarted');
  t.same(planAttachment(attach, [reserved], inode), { drop: [], add: true }, 'killed half-way: ADD takes it over');
  t.same(planAttachment(none, [present], inode), { drop: [], add: false }, 'attached by hand');
  t.same(planAttachment(refused, [present], inode), { drop: [], add: false }, 'its network left the snapshot');
  t.same(planAttachment(none, [old], inode), { drop: [old], add: false }, 'attached by hand, restarted');
  t.same(planAttachment(attach, [present], undefined), { drop: [present], add: false }, 'it has no namespace');
  t.same(
    planAttachment(attach, [lease({ netnsInode: null })], inode).drop.length,
    1,
    'a lease that knows no namespace',
  );
});
