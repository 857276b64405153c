// Pure: the versions of the tree and what sets them apart (metadata reference, section 5).

export interface TreeVersion {
  /** Names of stacks, services and containers in lower case. */
  readonly lowerCase: boolean;
  /** Lists inside stacks and services hold names instead of objects. */
  readonly namesOnly: boolean;
  /** Ports without a particular address get the host's; otherwise 0.0.0.0. */
  readonly portsOfHost: boolean;
  /** Hosts have a number. */
  readonly hostNumbers: boolean;
  /** The list of linked environments is there (and null: there are none). */
  readonly environments: boolean;
}

const old: TreeVersion = {
  lowerCase: false,
  namesOnly: false,
  portsOfHost: true,
  hostNumbers: true,
  environments: false,
};
const current: TreeVersion = {
  lowerCase: true,
  namesOnly: false,
  portsOfHost: false,
  hostNumbers: false,
  environments: true,
};

/** `latest` is the newest by another name, the very same object. */
export const treeVersions: ReadonlyMap<string, TreeVersion> = new Map([
  ['2015-07-25', { ...old, namesOnly: true }],
  ['2015-12-19', old],
  ['2016-07-29', current],
  ['latest', current],
]);
