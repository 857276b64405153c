// `corral version`
import { version } from '../../shared/daemon/version.ts';
import { type Command, jsonOption } from './command.ts';

export const command: Command = {
  spec: {
    name: 'version',
    positionals: [],
    options: { json: jsonOption },
    about: 'Prints the version of Corral and of the Node.js that runs it.',
    example: 'corral version --json',
  },
  async run(args) {
    const node = process.versions.node;
    console.log(args.flag('json') ? JSON.stringify({ version, node }) : `corral ${version} (Node.js ${node})`);
    return 0;
  },
};
