'use strict';
// How does BullMQ deliver? One job for each call of a flow, kept in Redis until the flow has taken it.

const http = require('node:http');
const { Worker } = require('bullmq');

const CONCURRENCY = 50;
const TIMEOUT = 20_000;
// Faster than undici here, and much faster than fetch.
const agent = new http.Agent({ keepAlive: true, maxSockets: CONCURRENCY });

function post(url, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', agent, headers, timeout: TIMEOUT }, (answer) => {
      answer.resume();
      answer.on('error', reject);
      answer.on('end', () => resolve(answer.statusCode));
    });
    request.on('timeout', () => request.destroy(new Error('timed out')));
    request.on('error', reject);
    request.end(body);
  });
}

async function deliver(job) {
  const { url, event } = job.data;
  const body = Buffer.from(JSON.stringify(event));
  const headers = { 'content-type': 'application/json', 'content-length': body.length, 'webhook-id': event.id };
  const status = await post(url, headers, body);
  if (status >= 300) throw new Error(`answered ${status}`);
}

const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) };
const worker = new Worker('deliveries', deliver, { connection, concurrency: CONCURRENCY });
worker.on('error', (error) => console.error(error.message));
worker.waitUntilReady().then(() => console.log('ready'));
process.on('SIGTERM', () => worker.close().then(() => process.exit(0)));
