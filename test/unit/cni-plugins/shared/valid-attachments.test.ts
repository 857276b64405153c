import t from 'tap';
import { validAttachments } from '../../../../cni-plugins/shared/valid-attachments.ts';
import { cniCodeOf } from '../cni-code-of.ts';

const one = { containerID: 'a-b', ifname: 'eth0' };

t.test('what lives', async (t) => {
  const key = 'cni.dev/valid-attachments';
  t.same([...validAttachments({ [key]: [one, { ...one, ifname: 'net-1', more: 7 }] })], ['a-b-eth0', 'a-b-net%2D1']);
  t.same([...validAttachments({ [key]: [] })], []);
  t.same([...validAttachments({ [key]: null })], []);
  t.same([...validAttachments({ 'cni.dev/attachments': [one] })], ['a-b-eth0']);
  t.same([...validAttachments({ [key]: [], 'cni.dev/attachments': [one] })], [], 'the name of the specification wins');
  const wrong = [undefined, 7, 'x', {}, [null], ['x'], [{}], [{ ...one, ifname: 7 }], new Array(100_001).fill(one)];
  for (const list of wrong)
    t.equal(
      cniCodeOf(() => validAttachments(list === undefined ? {} : { [key]: list })),
      7,
      JSON.stringify(list)?.slice(0, 60),
    );
});
