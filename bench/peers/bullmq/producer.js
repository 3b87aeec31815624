'use strict';
// How do the changes get into BullMQ? A job file is named on a line of input, and each of its calls becomes a job.

const fs = require('node:fs');
const readline = require('node:readline');
const { Queue } = require('bullmq');

const AT_ONCE = 1000;
const opts = { attempts: 5, backoff: { type: 'exponential', delay: 1000 }, removeOnComplete: true };
const queue = new Queue('deliveries', { connection: { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) } });

function tell(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

async function enqueue({ items, subscribers }) {
  const startedAt = Date.now() / 1000;
  let jobs = [];
  for (const event of items) {
    for (const url of subscribers) jobs.push({ name: 'deliver', data: { url, event }, opts });
    if (jobs.length >= AT_ONCE) {
      await queue.addBulk(jobs);
      jobs = [];
    }
  }
  if (jobs.length) await queue.addBulk(jobs);
  return startedAt;
}

async function main() {
  await queue.waitUntilReady();
  tell({});
  for await (const line of readline.createInterface({ input: process.stdin })) {
    tell({ started_at: await enqueue(JSON.parse(fs.readFileSync(line.trim()))) });
  }
  await queue.close();
}

main();
