// Hostile CNI calls until the time is up, from another seed each run; a find is told with its seed and its number.
import t from 'tap';
import { judge, openTarget, strayFiles } from '../unit/cni-plugins/support/hold-out.ts';
import { hostileRequest, seeded } from '../unit/cni-plugins/support/hostile-inputs.ts';

const seconds = Number(process.env.CORRAL_FUZZ_SECONDS ?? 60);
const seed = Number(process.env.CORRAL_FUZZ_SEED ?? Date.now() % 2 ** 32);

t.test(
  `hostile CNI calls for ${seconds} s, CORRAL_FUZZ_SEED=${seed}`,
  { timeout: (seconds + 60) * 1000 },
  async (t) => {
    const { root, cni } = openTarget(t);
    const random = seeded(seed);
    const end = performance.now() + seconds * 1000;
    let count = 0;
    for (; performance.now() < end; count += 1) {
      const request = hostileRequest(random);
      const fault = await judge(cni, request);
      if (fault === undefined) continue;
      t.fail(`call ${count}: ${fault}`, { request: JSON.stringify(request).slice(0, 4000) });
      break;
    }
    t.comment(`${count} calls`);
    t.same(strayFiles(root), []);
  },
);
