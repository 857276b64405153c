// Pure: the programs of a release. Each lies at its source's path, so that they find each other as in a checkout.

/** What Node is started with, by the command, the supervisor, or another program. */
export const programs: readonly string[] = [
  'daemons/supervisor/cli/main',
  'daemons/metadata/main',
  'daemons/network-manager/main',
  'daemons/dns/main',
  'daemons/dns/hot/worker',
  'daemons/overlay/main',
  'daemons/overlay/arp/arp-process',
  'daemons/supervisor/doctor/probe-process',
  'daemons/supervisor/lab/outside',
  'daemons/supervisor/lab/greeter',
];

/** Large, and loaded by few hosts: files of their own, so that the others do not carry them in memory. */
export const loadedLater: readonly string[] = ['etcd3', 'dockerode'];

/**
 * koa asks of each body whether it is one of these. None ever is, and the first look at one loads Node's own client for HTTP or
 * the streams of the web, 3 MB in every daemon.
 */
export const unusedClasses: readonly string[] = ['Response', 'ReadableStream', 'Blob'];

/** With native parts; `cap` may be missing. */
export const natives: readonly string[] = ['koffi', 'netlink', 'cap'];
