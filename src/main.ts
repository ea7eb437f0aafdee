#!/usr/bin/env node
import { parseCommandLine, usage } from './app/command-line.ts';
import { exitCode } from './app/role-messages.ts';
import { runCommand } from './app/run-command.ts';
import { version } from './app/version.ts';

// The only reader of argv and environment: everything below gets them handed in.
const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const complain = (line: string): void => {
  process.stderr.write(`onrecord: ${line}\n`);
};

const parsed = parseCommandLine(process.argv.slice(2));
if (!parsed.ok) {
  complain(parsed.error);
  process.exitCode = exitCode.configuration;
} else if (parsed.value.name === 'help') {
  process.stdout.write(usage);
} else if (parsed.value.name === 'version') {
  print(version());
} else {
  process.exitCode = await runCommand(parsed.value, {
    env: process.env,
    entry: process.argv[1] ?? '',
    supervised: process.send !== undefined,
    print,
    complain,
  });
}
