import { Agent, type AgentCall, type AgentOptions } from './agent/agent.ts';
import { freeTcpPort } from './free-ports.ts';
import { type NodePlan, RunningNode, removeDirectory, temporaryDirectory } from './node.ts';
import { type ConfigPlan, nodeConfig } from './node-config.ts';
import { waitUntil } from './processes.ts';
import type { CallView, RecordingView } from './api-client.ts';

export const extension = '201';
export const outsideNumber = '+35220301000';

export type ScenePlan = Partial<Omit<ConfigPlan, 'pbxTarget' | 'trunkTarget' | 'lanPort' | 'wanPort'>> & {
  readonly pbx?: Partial<AgentOptions>;
  readonly trunk?: Partial<AgentOptions>;
  readonly env?: Readonly<Record<string, string>>;
  /** Where the node lives; absent: a temporary folder that goes when the scene stops. */
  readonly directory?: string;
  readonly token?: string;
  readonly lanPort?: number;
  readonly wanPort?: number;
};

interface SceneParts {
  readonly directory: string;
  readonly pbx: Agent;
  readonly trunk: Agent;
  readonly lanPort: number;
  readonly wanPort: number;
  readonly node: RunningNode;
  readonly nodePlan: NodePlan;
  readonly keep: boolean;
}

/** A node between two user agents: `pbx` is extension 201 on the PBX's side, `trunk` a number beyond the carrier. */
export class Scene {
  readonly directory: string;
  readonly pbx: Agent;
  readonly trunk: Agent;
  readonly lanPort: number;
  readonly wanPort: number;
  node: RunningNode;
  readonly #nodePlan: NodePlan;
  readonly #keep: boolean;

  private constructor(parts: SceneParts) {
    this.directory = parts.directory;
    this.pbx = parts.pbx;
    this.trunk = parts.trunk;
    this.lanPort = parts.lanPort;
    this.wanPort = parts.wanPort;
    this.node = parts.node;
    this.#nodePlan = parts.nodePlan;
    this.#keep = parts.keep;
  }

  static async start(plan: ScenePlan = {}): Promise<Scene> {
    const directory = plan.directory ?? temporaryDirectory();
    const lanPort = plan.lanPort ?? (await freeTcpPort());
    const wanPort = plan.wanPort ?? (await freeTcpPort());
    const host = '127.0.0.1';
    const pbx = await Agent.start({ user: extension, proxy: { host, port: lanPort }, ...plan.pbx });
    const trunk = await Agent.start({ user: outsideNumber, proxy: { host, port: wanPort }, ...plan.trunk });
    const config = await nodeConfig({
      ...plan,
      pbxTarget: pbx.target,
      trunkTarget: trunk.target,
      lanPort,
      wanPort,
    });
    const nodePlan = {
      config,
      directory,
      env: plan.env ?? {},
      ...(plan.token === undefined ? {} : { token: plan.token }),
    };
    const keep = plan.directory !== undefined;
    try {
      const node = await RunningNode.start(nodePlan);
      return new Scene({ nodePlan, keep, directory, pbx, trunk, lanPort, wanPort, node });
    } catch (error) {
      await Promise.all([pbx.stop(), trunk.stop()]);
      if (!keep) removeDirectory(directory);
      throw error;
    }
  }

  /** An outbound call, answered: [the caller's side, the callee's side]. */
  placeCall(number = outsideNumber): Promise<[AgentCall, AgentCall]> {
    const calling = this.pbx.call(`sip:${number}@127.0.0.1:${this.lanPort};transport=tcp`);
    return this.#answered(calling, this.trunk.nextCall());
  }

  /** An inbound call, answered: [the caller's side, the callee's side]. */
  placeInboundCall(): Promise<[AgentCall, AgentCall]> {
    const calling = this.trunk.call(`sip:${extension}@127.0.0.1:${this.wanPort};transport=tcp`);
    return this.#answered(calling, this.pbx.nextCall());
  }

  async #answered(calling: AgentCall, arrived: Promise<AgentCall>): Promise<[AgentCall, AgentCall]> {
    const early = calling.answered.then(({ status, reason }) => {
      throw new Error(`the call was answered with ${status} ${reason} before it reached the other side`);
    });
    const called = await Promise.race([arrived, early]);
    early.catch(() => undefined);
    await called.answer();
    const { status, reason } = await calling.answered;
    if (status !== 200) throw new Error(`the call was answered with ${status} ${reason}`);
    return [calling, called];
  }

  /** A recording of the newest call, once it is in one of `states`. */
  recording(...states: readonly string[]): Promise<RecordingView> {
    return waitUntil(`a recording in state ${states.join(' or ')}`, async () => {
      const [recordings, call] = await Promise.all([this.node.api.recordings(), this.#newestCall()]);
      return recordings.find(({ state, callId }) => states.includes(state) && callId === call?.id);
    });
  }

  /** The newest call, while it lasts. */
  liveCall(): Promise<CallView> {
    return waitUntil('a call that has not ended', async () => {
      const call = await this.#newestCall();
      return call?.endedAt === null ? call : undefined;
    });
  }

  /** The newest call, once it has ended. */
  settledCall(): Promise<CallView> {
    return waitUntil('a call that has ended', async () => {
      const call = await this.#newestCall();
      return call === undefined || call.endedAt === null ? undefined : call;
    });
  }

  async #newestCall(): Promise<CallView | undefined> {
    const calls = await this.node.api.calls();
    return calls.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt)).at(-1);
  }

  /** Starts a node again on the same data. */
  async restart(): Promise<void> {
    this.node = await RunningNode.start(this.#nodePlan);
  }

  async stop(): Promise<void> {
    await Promise.all([this.pbx.stop(), this.trunk.stop()]);
    await this.node.stop();
    if (!this.#keep) removeDirectory(this.directory);
  }
}
