import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Which Debian package brings which program. */
const packages = {
  sipp: 'sip-tester',
  baresip: 'baresip',
  ffmpeg: 'ffmpeg',
  ffprobe: 'ffmpeg',
  sox: 'sox',
  age: 'age',
  tcpdump: 'tcpdump',
  tshark: 'tshark',
  ip: 'iproute2',
  kamailio: 'kamailio',
  dnsmasq: 'dnsmasq-base',
  openssl: 'openssl',
} as const;

type Tool = keyof typeof packages;

/**
 * Says what must be installed before a suite can run; null: nothing is missing. Under `CI=true` a missing
 * tool is a failure and not a skip, so that a green run means that everything ran.
 */
export function missingTools(...tools: readonly Tool[]): string | null {
  const missing = tools.filter((tool) => !isInstalled(tool));
  const asRoot = process.getuid?.() === 0;
  const wantsRoot = tools.some((tool) => tool === 'tcpdump' || tool === 'ip');
  if (missing.length === 0 && (asRoot || !wantsRoot)) return null;
  const install = [...new Set(missing.map((tool) => packages[tool]))].join(' ');
  const message =
    missing.length > 0
      ? `needs Debian's ${install} (apt-get install ${install})`
      : 'captures packets: run it as root';
  if (process.env['CI'] === 'true') throw new Error(`this suite ${message}`);
  console.warn(`skipped: this suite ${message}`);
  return message;
}

function isInstalled(tool: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
