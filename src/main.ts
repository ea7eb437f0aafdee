#!/usr/bin/env node
import { type Command, parseCommandLine, usage } from './app/command-line.ts';
import { exitCode } from './app/role-messages.ts';
import { version } from './app/version.ts';

// The only reader of argv and environment: everything below gets them handed in.
const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const complain = (line: string): void => {
  process.stderr.write(`onrecord: ${line}\n`);
};

const parsed = parseCommandLine(process.argv.slice(2));
// A role's channel to its supervisor would keep the process alive after its work is done.
process.exit(parsed.ok ? await carryOut(parsed.value) : refuse(parsed.error));

async function carryOut(command: Command): Promise<number> {
  if (command.name === 'help' || command.name === 'version') {
    print(command.name === 'help' ? usage : version());
    return exitCode.done;
  }
  const { runCommand } = await import('./app/run-command.ts');
  return runCommand(command, {
    env: process.env,
    entry: process.argv[1] ?? '',
    supervised: process.send !== undefined,
    print,
    complain,
  });
}

function refuse(fault: string): number {
  complain(fault);
  return exitCode.configuration;
}
