/**
 * What `onrecord start` uses where there is no configuration file: everything on loopback, two listeners so
 * that a PBX and a trunk on one machine are told apart, each call announced and recorded.
 * Paths in it are relative to the package.
 */
export const defaultConfig = `
node: { id: edge-1, dataDir: ./data }
sip:
  listeners:
    - { id: pbx-udp, transport: udp, address: 127.0.0.1, port: 5060 }
    - { id: trunk-udp, transport: udp, address: 127.0.0.1, port: 5062 }
  peers:
    - { id: pbx, side: pbx, listener: pbx-udp, match: [127.0.0.1/32], targets: ["sip:127.0.0.1:5070"] }
    - { id: carrier, side: trunk, listener: trunk-udp, match: [127.0.0.1/32], targets: ["sip:127.0.0.1:5072"] }
  routes:
    - { from: pbx, to: [carrier] }
    - { from: carrier, to: [pbx] }
media: { address: 127.0.0.1, ports: 20000-29999 }
consent:
  prompts:
    - id: quality-en
      language: en
      file: fixtures/prompts/quality-en.wav
      purpose: quality
      text: "This call may be recorded for quality and training purposes."
      tells: { purpose: "quality and training purposes" }
purposes:
  - { id: quality, description: "Quality assurance and staff training", legalBasis: legitimate-interest, retention: 90d }
recording:
  rules:
    - id: everything
      mode: automatic
      purpose: quality
      announce: { prompt: quality-en, to: all, when: on-answer }
`;
