// Pure: the shape of corral.yaml, with every default. docs/configuration.md describes it for people.
import * as z from 'zod';
import { parseEndpoint } from '../model/endpoint.ts';
import { parseIp } from '../model/ip.ts';
import { parseCidr4, parseIpv4 } from '../model/ipv4.ts';
import { isNetworkName, maxVni, parseCidr6, serviceAddress } from '../model/networks.ts';
import { drivers } from '../model/objects.ts';
import { declaredSchema } from './config-declared.ts';

const ip = z.string().refine((text) => parseIpv4(text) !== undefined, 'not an IPv4 address');
const eitherIp = z.string().refine((text) => parseIp(text) !== undefined, 'not an IP address');
const cidr = z
  .string()
  .refine((text) => parseCidr4(text) !== undefined, 'not an IPv4 range such as 10.42.0.0/16 (host bits must be zero)');
const cidr6 = z
  .string()
  .refine((text) => parseCidr6(text) !== undefined, 'not an IPv6 range such as fd42::/48 (host bits must be zero)');
const file = z.string().regex(/^\//, 'not an absolute path');
const ipOrCidr = z.union([ip, cidr]);
const hostName = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'not a host name');
/** The port, if any, is checked where it is used. */
const upstream = z
  .string()
  .regex(/^([\d.]+|\[[\da-fA-F:.]+\])(:\d{1,5})?$|^[\da-fA-F:.]+$/, 'not ip, ip:port or [ip]:port');
const domain = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'not a lower-case domain name');

export const networkSchema = z.strictObject({
  name: z.string().refine(isNetworkName, 'not a network name (letters, digits, _ . -, at most 63)').default('corral'),
  subnet: cidr.default('10.42.0.0/16'),
  /** Prefix length of the part of the subnet that each host owns. */
  block: z.int().min(16).max(30).default(24),
  /** `none`: no block for a host; addresses of the whole subnet are claimed one by one (a flat network). */
  blocks: z.enum(['host', 'none']).default('host'),
  /** IPv6 range beside the subnet. */
  subnet6: cidr6.optional(),
  /** Prefix length of the IPv6 part that goes with a host's block. */
  block6: z.int().min(48).max(120).default(64),
  driver: z.enum(drivers).default('vxlan'),
  default: z.boolean().default(false),
  mtu: z.union([z.literal('auto'), z.int().min(576).max(65_535)]).default('auto'),
  hostPorts: z.boolean().default(true),
  /** VXLAN network identifier; absent: 1042 for the default network, for others one that follows from the name. */
  vni: z.int().min(1).max(maxVni).optional(),
  /** Hosts on one link exchange packets without the tunnel. */
  direct: z.boolean().default(false),
  /** CNI configurations by file name, for networks that other plugins make. */
  cniConfig: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
});

/** Answers beside what this host knows, in either form of the original's files. */
const answersFile = z.strictObject({
  /** Absolute path of the file; it need not exist. */
  path: z.union([z.literal('none'), z.string().regex(/^\//, 'not an absolute path')]).default('none'),
  /** `tree`: versions, clients, answers; `objects`: objects of the later servers, also as these were saved. */
  form: z.enum(['auto', 'tree', 'objects']).default('auto'),
  /** `over`: keys of the file win, the others come from this host; `instead`: nothing but the file is served. */
  use: z.enum(['over', 'instead']).default('over'),
});
const loopbackPort = z
  .string()
  .regex(/^127(\.\d{1,3}){3}:\d{1,5}$/, 'not a port of a loopback address such as 127.0.0.1:8112');

const endpoint = z
  .string()
  .refine(
    (text) => parseEndpoint(text) !== undefined,
    'not an address of this host with a port such as 127.0.0.1:9842 or [::1]:9842',
  );

export const configSchema = z.strictObject({
  host: z
    .strictObject({
      /** Defaults to the machine's host name. */
      name: hostName.optional(),
      /** Defaults to the source address of the default route. */
      agentIp: eitherIp.optional(),
      labels: z.record(z.string(), z.string()).default({}),
    })
    .prefault({}),
  store: z
    .strictObject({
      /** `sqlite`: one host, a file below the state directory; `etcd`: many hosts share a cluster. */
      kind: z.enum(['sqlite', 'etcd']).default('sqlite'),
      /** Members of the etcd cluster: `http://192.0.2.1:2379`. */
      endpoints: z
        .array(z.url({ protocol: /^https?$/, error: 'not an http or https address' }))
        .max(16)
        .default([]),
      user: z.string().min(1).max(255).default('none'),
      /** File with the password alone. */
      passwordFile: z.union([z.literal('none'), file]).default('none'),
      tls: z
        .union([z.literal('none'), z.strictObject({ ca: file, cert: file.optional(), key: file.optional() })])
        .default('none'),
      /** Seconds that a host which was in no cluster waits at an etcd without a cluster before it makes one. */
      joinWait: z.int().min(0).max(3_600).default(60),
      /** Seconds that a host may be silent before it counts as gone. */
      lease: z.int().min(3).max(300).default(10),
      /** Seconds after which the containers of a host without a lease are gone for the others. */
      dropAfter: z.int().min(1).max(86_400).default(300),
      /** Seconds after which a host without a lease is forgotten and its blocks are free. */
      forgetAfter: z.int().min(1).max(31_536_000).default(604_800),
    })
    .prefault({}),
  engines: z
    .array(z.strictObject({ kind: z.enum(['docker', 'podman']), socket: z.string().startsWith('/') }))
    .default([{ kind: 'docker', socket: '/var/run/docker.sock' }]),
  networks: z
    .array(networkSchema)
    .min(1)
    .default([
      {
        name: 'corral',
        subnet: '10.42.0.0/16',
        block: 24,
        blocks: 'host',
        block6: 64,
        driver: 'vxlan',
        default: true,
        mtu: 'auto',
        hostPorts: true,
        direct: false,
        cniConfig: {},
      },
    ]),
  metadata: z
    .strictObject({
      address: ip.default(serviceAddress),
      port: z.int().min(1).max(65_535).default(80),
      trustForwardedFrom: z.array(ipOrCidr).default([]),
      answers: answersFile.prefault({}),
      /** Where a plain `POST /v1/reload` is taken as well, for scripts made for the original (127.0.0.1:8112). */
      reload: z.union([z.literal('none'), loopbackPort]).default('none'),
    })
    .prefault({}),
  dns: z
    .strictObject({
      zone: domain.default('rancher.internal'),
      /** Seconds. */
      ttl: z.int().min(0).max(86_400).default(1),
      /** `auto` reads the host's /etc/resolv.conf. */
      upstreams: z.union([z.literal('auto'), z.array(upstream).min(1)]).default('auto'),
      /** Domain to the upstreams of all names at and below it. */
      forward: z.record(domain, z.array(upstream).min(1).max(8)).default({}),
      /** Absolute path of a file with further names; it need not exist. */
      answers: z.union([z.literal('none'), z.string().regex(/^\//, 'not an absolute path')]).default('none'),
      /** Threads of the hot path; 0: Node's own socket. */
      workers: z.int().min(0).max(16).default(1),
      /** Who may ask beside local callers; their answers are counted. */
      allowFrom: z.array(cidr).max(64).default([]),
    })
    .prefault({}),
  overlay: z
    .strictObject({
      /** Who answers ARP for addresses of flat networks on other hosts. */
      arp: z.enum(['kernel', 'responder']).default('kernel'),
      /** UDP port of the default network if its driver is WireGuard; other networks have one of the 4,095 that follow. */
      wireguardPort: z.int().min(1).max(61_440).default(51_820),
      /** Seconds between packets to a silent WireGuard peer, for hosts behind an address translation; 0: none. */
      wireguardKeepalive: z.int().min(0).max(65_535).default(0),
      /** Whether charon may encrypt where the kernel has no ESP: for tests and small hosts. */
      ipsecUserSpace: z.enum(['refuse', 'allow']).default('refuse'),
      /** `always`: ESP inside UDP 4500 also where no address translation is found on the way. */
      ipsecEncap: z.enum(['auto', 'always']).default('auto'),
      /** File with one secret for all hosts in place of key pairs, for compatibility alone. */
      ipsecSecretFile: z.union([z.literal('none'), file]).default('none'),
      /** VICI socket of a charon that somebody else runs. */
      ipsecCharon: z.union([z.literal('none'), file]).default('none'),
      /** Seconds after which an IKE SA has new keys. */
      ipsecIkeRekey: z.int().min(60).max(86_400).default(14_400),
      /** Seconds after which what carries packets has new keys. */
      ipsecChildRekey: z.int().min(10).max(86_400).default(3_600),
      /** Seconds after which a silent peer is asked. */
      ipsecDpd: z.int().min(1).max(3_600).default(10),
      /** Packets that may overtake each other. */
      ipsecReplayWindow: z.int().min(32).max(4_096).default(1_024),
      /** Seconds that announced keys wait for hosts that do not say that they are ready. */
      keyGrace: z.int().min(0).max(86_400).default(60),
      /** `listed`: hosts that nobody has trusted by `corral host trust` are cut off, also at first sight. */
      trust: z.enum(['first-sight', 'listed']).default('first-sight'),
    })
    .prefault({}),
  supervisor: z
    .strictObject({
      /** Where the page, the metrics and the health of the suite are shown; read-only wherever it is. */
      listen: z.union([z.literal('none'), endpoint]).default('127.0.0.1:9842'),
      /** Names under which browsers may ask for it, beside addresses and localhost. */
      names: z.array(hostName).max(32).default([]),
    })
    .prefault({}),
  declared: declaredSchema.prefault({}),
  launcher: z.enum(['process', 'docker', 'none'], 'the launchers are process, docker and none').default('process'),
  images: z
    .strictObject({
      /** Before the name of a daemon. */
      prefix: z
        .string()
        .regex(/^([a-z0-9._:-]+\/)*$/, 'not the beginning of an image name, which ends in /')
        .default('corral/'),
      /** `auto`: the version of this suite. */
      tag: z
        .string()
        .regex(/^\w[\w.-]{0,127}$/, 'not a tag')
        .default('auto'),
    })
    .prefault({}),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
});

export type Config = z.infer<typeof configSchema>;
export type NetworkConfig = Config['networks'][number];
