// Pure: under which name other hosts' records are in the ledger: after those of this host's sources, whose word counts more.
export const clusterSource = '~cluster';
