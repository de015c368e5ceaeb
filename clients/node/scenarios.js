// The tutorials' patterns with amqplib's promise API.
//
// Prints `version`, then `ok NAME` or `FAIL NAME: reason` per scenario; the exit
// status is 1 if any failed. CLIENTS_URL names the broker.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const { once } = require('node:events');
const { setTimeout: pause } = require('node:timers/promises');
const amqp = require('amqplib');

const url = process.env.CLIENTS_URL;
const run = randomUUID().slice(0, 8);
const deadline = 90_000; // ms for all scenarios together
const patience = 10_000; // ms for one condition

const name = (suffix) => `clients.node.${run}.${suffix}`;
const numbers = (count) => Array.from({ length: count }, (_, i) => String(i));

async function waitFor(condition, what) {
  for (const end = Date.now() + patience; !(await condition());) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(20);
  }
}

async function ready(channel, queue) {
  return (await channel.checkQueue(queue)).messageCount;
}

function sendAll(channel, exchange, key, bodies, options = { persistent: true }) {
  for (const body of bodies) channel.publish(exchange, key, Buffer.from(body), options);
}

// Consumes and acks exactly count messages: [body, redelivered] each.
async function take(channel, queue, count) {
  const taken = [];
  const { consumerTag } = await channel.consume(queue, (message) => {
    taken.push([message.content.toString(), message.fields.redelivered]);
    channel.ack(message);
  });
  await waitFor(() => taken.length >= count, `${count} messages in ${queue}, got ${taken.length}`);
  await channel.cancel(consumerTag);
  return taken;
}

async function bodies(channel, queue, count) {
  return (await take(channel, queue, count)).map(([body]) => body);
}

async function boundQueue(channel, exchange, ...keys) {
  const { queue } = await channel.assertQueue('', { exclusive: true });
  for (const key of keys) await channel.bindQueue(queue, exchange, key);
  return queue;
}

// Two workers with prefetch 1 share the tasks; one is given back once.
async function workQueue(connection) {
  const channel = await connection.createChannel();
  const queue = name('work');
  await channel.assertQueue(queue, { durable: true });
  const tasks = numbers(20);
  const done = [];
  const refused = [];
  const byWorker = [0, 0];
  const failures = [];
  const workers = [await connection.createChannel(), await connection.createChannel()];
  for (const [number, worker] of workers.entries()) {
    await worker.prefetch(1);
    await worker.consume(queue, (message) => {
      const text = message.content.toString();
      if (message.properties.deliveryMode !== 2) failures.push(`${text} is not persistent`);
      if (message.fields.redelivered !== refused.includes(text)) failures.push(`the flag of ${text}`);
      if (text === '7' && refused.length === 0) {
        refused.push(text);
        worker.nack(message, false, true);
        return;
      }
      done.push(text);
      byWorker[number]++;
      worker.ack(message);
    });
  }
  sendAll(channel, '', queue, tasks);
  await waitFor(() => done.length >= tasks.length, 'the tasks');
  for (const worker of workers) await worker.close();
  assert.deepEqual(failures, []);
  assert.deepEqual([...done].sort(), [...tasks].sort());
  assert.deepEqual(refused, ['7']);
  assert.ok(byWorker[0] > 0 && byWorker[1] > 0, `a worker got nothing: ${byWorker}`);
  assert.equal((await channel.deleteQueue(queue)).messageCount, 0);
}

// No more than the prefetch count is on its way.
async function prefetch(connection) {
  const channel = await connection.createChannel();
  const observer = await connection.createChannel();
  const queue = name('prefetch');
  await channel.assertQueue(queue);
  sendAll(channel, '', queue, numbers(10));
  await channel.prefetch(3);
  const held = [];
  await channel.consume(queue, (message) => held.push(message));
  await waitFor(() => held.length === 3, 'three deliveries');
  assert.equal(await ready(observer, queue), 7);
  channel.ack(held[0]);
  await waitFor(() => held.length === 4, 'one more after an ack');
  assert.equal(await ready(observer, queue), 6);
  channel.ack(held[3], true);
  await waitFor(() => held.length === 7, 'three more after a multiple ack');
  assert.equal(await ready(observer, queue), 3);
  assert.deepEqual(held.map((message) => message.content.toString()), numbers(7));
  await channel.close();
  await waitFor(async () => (await ready(observer, queue)) === 6, 'what the channel held');
  await observer.deleteQueue(queue);
}

// A consumer that acks one message, holds four and waits to be killed.
async function victim(queue) {
  const channel = await (await amqp.connect(url)).createChannel();
  await channel.prefetch(4);
  let seen = 0;
  await channel.consume(queue, (message) => {
    seen++;
    if (seen === 1) channel.ack(message);
    if (seen === 5) process.stdout.write('holding\n');
  });
}

// What a killed process held comes back first, in order and flagged.
async function redelivery(connection) {
  const channel = await connection.createChannel();
  const queue = name('redelivery');
  await channel.assertQueue(queue, { durable: true });
  sendAll(channel, '', queue, numbers(10));
  const child = spawn(process.execPath, [__filename, 'victim', queue], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  assert.equal(String(line), 'holding\n');
  child.kill('SIGKILL');
  await once(child, 'close');
  await waitFor(async () => (await ready(channel, queue)) === 9, "the victim's messages");
  const want = numbers(10).slice(1).map((body) => [body, Number(body) < 5]);
  assert.deepEqual(await take(channel, queue, 9), want);
  await channel.deleteQueue(queue);
}

// Every queue of a fanout exchange gets everything, in order.
async function publishSubscribe(connection) {
  const channel = await connection.createChannel();
  const exchange = name('logs');
  await channel.assertExchange(exchange, 'fanout', { durable: false });
  const queues = [];
  for (let i = 0; i < 3; i++) queues.push(await boundQueue(channel, exchange, ''));
  const late = await boundQueue(channel, exchange);
  const lines = numbers(25);
  sendAll(channel, exchange, 'ignored', lines);
  await channel.bindQueue(late, exchange, '');
  for (const queue of queues) {
    assert.deepEqual(await bodies(channel, queue, 25), lines);
    assert.equal(await ready(channel, queue), 0);
  }
  assert.equal(await ready(channel, late), 0);
  await channel.deleteExchange(exchange);
}

// A direct exchange compares the key.
async function routing(connection) {
  const channel = await connection.createChannel();
  const exchange = name('direct');
  await channel.assertExchange(exchange, 'direct', { durable: true });
  const errors = await boundQueue(channel, exchange, 'error');
  const everything = await boundQueue(channel, exchange, 'info', 'warning', 'error');
  for (const [number, key] of ['info', 'error', 'debug', 'warning', 'error', 'Error', 'info'].entries()) {
    channel.publish(exchange, key, Buffer.from(`${number} ${key}`));
  }
  assert.deepEqual(await bodies(channel, errors, 2), ['1 error', '4 error']);
  assert.deepEqual(await bodies(channel, everything, 5),
    ['0 info', '1 error', '3 warning', '4 error', '6 info']);
  assert.equal(await ready(channel, errors), 0);
  assert.equal(await ready(channel, everything), 0);
  await channel.deleteExchange(exchange);
}

// A topic exchange matches words; two matches are one delivery.
async function topics(connection) {
  const channel = await connection.createChannel();
  const exchange = name('topic');
  await channel.assertExchange(exchange, 'topic', { durable: false, autoDelete: true });
  const keys = ['quick.orange.rabbit', 'lazy.orange.elephant', 'quick.orange.fox', 'lazy.brown.fox',
    'lazy.pink.rabbit', 'quick.brown.fox', 'orange', 'quick.orange.male.rabbit', 'lazy', ''];
  const expected = [
    [['*.orange.*'], [0, 1, 2]],
    [['*.*.rabbit', 'lazy.#'], [0, 1, 3, 4, 8]],
    [['#'], [...keys.keys()]],
  ];
  const queues = [];
  for (const [patterns] of expected) queues.push(await boundQueue(channel, exchange, ...patterns));
  for (const key of keys) channel.publish(exchange, key, Buffer.from(key));
  for (const [i, [patterns, indexes]] of expected.entries()) {
    const want = indexes.map((index) => keys[index]);
    assert.deepEqual(await bodies(channel, queues[i], want.length), want, `${patterns}`);
    assert.equal(await ready(channel, queues[i]), 0);
  }
}

// Requests name a reply queue; answers are told apart by correlation id.
async function rpc(connection) {
  const server = await (await amqp.connect(url)).createChannel();
  const { queue } = await server.assertQueue(name('rpc'), { autoDelete: true });
  await server.prefetch(1);
  await server.consume(queue, (request) => {
    const answer = String(Number(request.content) ** 2);
    server.sendToQueue(request.properties.replyTo, Buffer.from(answer),
      { correlationId: request.properties.correlationId });
    server.ack(request);
  });
  const channel = await connection.createChannel();
  const replies = await boundQueue(channel);
  const answers = new Map();
  await channel.consume(replies, (reply) => {
    answers.set(reply.properties.correlationId, reply.content.toString());
  }, { noAck: true });
  const asked = numbers(10).map((number) => [randomUUID(), number]);
  for (const [correlationId, number] of asked) {
    channel.sendToQueue(queue, Buffer.from(number), { replyTo: replies, correlationId });
  }
  await waitFor(() => answers.size >= asked.length, 'the answers');
  assert.deepEqual(asked.map(([id]) => answers.get(id)), numbers(10).map((number) => String(number ** 2)));
  await server.connection.close();
}

// Each publish has its confirm, in the order of the publishes.
async function confirms(connection) {
  const channel = await connection.createConfirmChannel();
  const queue = name('confirms');
  await channel.assertQueue(queue, { durable: true });
  const confirmed = [];
  for (const body of numbers(50)) {
    channel.sendToQueue(queue, Buffer.from(body), { persistent: true }, (error) => {
      confirmed.push(error === null ? body : error);
    });
  }
  await channel.waitForConfirms();
  assert.deepEqual(confirmed, numbers(50));
  assert.equal(await ready(channel, queue), 50);
  assert.deepEqual(await take(channel, queue, 50), numbers(50).map((body) => [body, false]));
  await channel.deleteQueue(queue);
}

// A mandatory message without a queue comes back before its confirm.
async function mandatory(connection) {
  const channel = await connection.createConfirmChannel();
  const queue = await boundQueue(channel, 'amq.direct', name('there'));
  const events = [];
  channel.on('return', (message) => events.push(
    [message.fields.replyCode, message.fields.replyText, message.fields.routingKey, message.content.toString()]));
  const send = (key, body, isMandatory) => channel.publish('amq.direct', name(key), Buffer.from(body),
    { mandatory: isMandatory }, () => events.push(`confirmed ${body}`));
  send('there', 'routed', true);
  await channel.waitForConfirms();
  send('nowhere', 'back', true);
  await channel.waitForConfirms();
  send('nowhere', 'dropped', false);
  await channel.waitForConfirms();
  assert.deepEqual(events,
    ['confirmed routed', [312, 'NO_ROUTE', name('nowhere'), 'back'], 'confirmed back', 'confirmed dropped']);
  assert.deepEqual(await bodies(channel, queue, 1), ['routed']);
  assert.equal(await ready(channel, queue), 0);
}

const scenarios = {
  'work-queue': workQueue,
  prefetch,
  redelivery,
  'publish-subscribe': publishSubscribe,
  routing,
  topics,
  rpc,
  confirms,
  mandatory,
};

async function main() {
  setTimeout(() => {
    process.stdout.write('FAIL deadline: the deadline has passed\n');
    process.exit(1);
  }, deadline).unref();
  console.log('version', require('./node_modules/amqplib/package.json').version);
  let failed = false;
  for (const [scenario, body] of Object.entries(scenarios)) {
    try {
      const connection = await amqp.connect(url);
      await body(connection);
      await connection.close();
      console.log('ok', scenario);
    } catch (error) {
      failed = true;
      console.log(`FAIL ${scenario}: ${error.message.split('\n').join(' ')}`);
      console.error(error);
    }
  }
  process.exit(failed ? 1 : 0);
}

if (process.argv[2] === 'victim') {
  victim(process.argv[3]);
} else {
  main();
}
