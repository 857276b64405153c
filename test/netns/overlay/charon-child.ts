// Inside a namespace: what the overlay does about charon, one verb a run, so that each run is another life of the daemon.
import { Charon } from '../../../daemons/overlay/ipsec/charon/charon.ts';
import { charonPlaces } from '../../../daemons/shared/model/ipsec.ts';

const [, , verb = '', run = ''] = process.argv;
const charon = new Charon(charonPlaces(run));
if (verb === 'ensure') {
  const { isNew, isFresh, vici } = await charon.ensure('user-space');
  const keys = await vici.call('get-keys');
  console.log(JSON.stringify({ isNew, isFresh, keys: keys.keys }));
  charon.close();
} else await charon.stop();
