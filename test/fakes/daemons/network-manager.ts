import { runStub } from './stub.ts';

await runStub('network-manager');
