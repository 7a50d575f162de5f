// A node of Bitcoin (bcoin) with a chain of its own, in memory, for tests: mines, pays from keys of its own, and goes another way when told to.
// Its arguments are the folder of its packages and the port for its JSON-RPC. It reads commands from standard input, a line of JSON each, and
// answers each with a line.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const [folder, port] = process.argv.slice(2);
const bcoin = createRequire(`${folder}/`)('bcoin');
const { FullNode, KeyRing, MTX, Coin } = bcoin;
const network = bcoin.Network.get('regtest');

const node = new FullNode({
  network: 'regtest', memory: true, indexTX: true, listen: false, workers: false, httpPort: Number(port), apiKey: 'key',
  logLevel: 'none', persistent: false,
});
// Fees are round here, and so high.
node.mempool.options.rejectAbsurdFees = false;
// Keys without chance: the number, and ones.
const ring = (number) => KeyRing.fromOptions({ privateKey: Buffer.alloc(32, number + 1), witness: number % 2 === 1, network }, network);
const rings = Array.from({ length: 40 }, (_, number) => ring(number));
const address = (number) => rings[number].getAddress('string', 'regtest');
const fromEnd = (hash) => Buffer.from(hash).reverse();
const shown = (hash) => fromEnd(hash).toString('hex');

const commands = {
  addresses: async () => rings.map((_, number) => address(number)),
  mine: async ({ count, to }) => {
    const hashes = [];
    for (let at = 0; at < count; at += 1) {
      const block = await node.miner.mineBlock(node.chain.tip, rings[to].getAddress());
      if (!(await node.chain.add(block))) throw new Error('the block was not taken');
      hashes.push(shown(block.hash()));
    }
    return { hashes, height: node.chain.height };
  },
  height: async () => node.chain.height,
  best: async () => (await node.chain.getBlock(node.chain.tip.hash)).toHead().toString('hex'),
  coinbase: async ({ height }) => {
    const block = await node.chain.getBlock(height);
    return block.txs[0].txid();
  },
  // Pays from outputs, in order, to outputs, in order: [number of a key, or null for data; satoshi].
  pay: async ({ spend, to }) => {
    const mtx = new MTX();
    for (const [number, amount] of to) {
      if (number === null) mtx.addOutput(bcoin.Script.fromNulldata(Buffer.from('none')), amount);
      else mtx.addOutput(rings[number].getAddress(), amount);
    }
    for (const [id, index] of spend) {
      const hash = shown(Buffer.from(id, 'hex'));
      const tx = node.mempool.getTX(hash) ?? (await node.chain.getTX(hash));
      mtx.addCoin(Coin.fromTX(tx, index, -1));
    }
    mtx.sign(rings);
    const tx = mtx.toTX();
    const missing = await node.mempool.addTX(tx);
    if (missing) throw new Error('it spends what is not there');
    return tx.txid();
  },
  blocks: async () => {
    const all = [];
    for (let height = 0; height <= node.chain.height; height += 1) {
      all.push((await node.chain.getRawBlock((await node.chain.getHash(height)))).toString('hex'));
    }
    return all;
  },
  // Leaves all blocks from a height on, and what was in them.
  leave: async ({ height }) => {
    await node.chain.invalidate(await node.chain.getHash(height));
    await node.mempool.reset();
    return node.chain.height;
  },
};

await node.open();
await node.connect();
process.stdout.write('"ready"\n');
for await (const line of createInterface({ input: process.stdin })) {
  const { what, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { told: await commands[what](rest) };
  } catch (error) {
    answer = { error: String(error.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
