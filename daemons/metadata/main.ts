// The metadata daemon: the only user of the store, the source of every other daemon's snapshot, and the service that
// containers ask about themselves.
import { join } from 'node:path';
import { type DaemonContext, type RunningDaemon, runDaemon } from '../shared/daemon/life.ts';
import { RecordKeeper } from './keep-records.ts';
import { readBootId } from './observe-host.ts';
import { OwnLoop } from './own-loop.ts';
import { reportDerivation } from './report-derivation.ts';
import { serveRecords } from './serve-records.ts';
import { serveWatch } from './serve-watch.ts';
import { State } from './state.ts';
import { openStore } from './store/open.ts';

await runDaemon('metadata', start);

async function start(context: DaemonContext): Promise<RunningDaemon> {
  const { health, log, metrics, paths } = context;
  let config = context.config;
  const store = await openStore(join(paths.state, 'store.sqlite'), context);
  const keeper = new RecordKeeper(store, health);
  const state = new State({ ...store.identity, remember: (changes) => keeper.add(changes) });
  state.recall(await store.recall(readBootId()));
  reportDerivation(state, context);
  const own = new OwnLoop({ store, state, health, stateDirectory: paths.state, config: () => config });
  await own.start();
  const watch = serveWatch(state, metrics);
  context.routes.push(watch.route);
  const records = await serveRecords({ path: paths.recordsSocket, state, log, metrics });
  context.onReload((next) => {
    config = next;
    own.poke();
  });
  return {
    async stop() {
      watch.close();
      await records.close();
      await own.close();
      await keeper.close();
      await store.close();
    },
  };
}
