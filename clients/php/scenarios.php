<?php
// The tutorials' patterns with php-amqplib.
//
// Prints `version`, then `ok NAME` or `FAIL NAME: reason` per scenario; the exit
// status is 1 if any failed. CLIENTS_URL names the broker.
declare(strict_types=1);

require_once 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Channel\AMQPChannel;
use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Package;

const DEADLINE = 90;  // seconds for all scenarios together
const PATIENCE = 10;  // seconds for one condition
define('RUN', bin2hex(random_bytes(4)));

function name(string $suffix): string
{
    return 'clients.php.' . RUN . '.' . $suffix;
}

function equal($got, $want, string $what): void
{
    if ($got !== $want) {
        throw new RuntimeException("$what: got " . json_encode($got) . ', want ' . json_encode($want));
    }
}

function connect(): AMQPStreamConnection
{
    $url = parse_url(getenv('CLIENTS_URL'));
    $vhost = substr($url['path'] ?? '/', 1);
    return new AMQPStreamConnection(
        $url['host'],
        $url['port'] ?? 5672,
        urldecode($url['user'] ?? 'guest'),
        urldecode($url['pass'] ?? 'guest'),
        $vhost === '' ? '/' : urldecode($vhost)
    );
}

function wait_for(callable $condition, string $what): void
{
    $end = microtime(true) + PATIENCE;
    while (!$condition()) {
        if (microtime(true) > $end) {
            throw new RuntimeException("waited in vain for $what");
        }
        usleep(10_000);
    }
}

/** Handles what has arrived on the channels until the condition holds. */
function pump_until(callable $condition, string $what, AMQPChannel ...$channels): void
{
    wait_for(function () use ($condition, $channels) {
        foreach ($channels as $channel) {
            $channel->wait(null, true);
        }
        return $condition();
    }, $what);
}

function ready(AMQPChannel $channel, string $queue): int
{
    return (int) $channel->queue_declare($queue, true)[1];
}

function numbers(int $count): array
{
    return array_map('strval', range(0, $count - 1));
}

function publish_all(AMQPChannel $channel, string $exchange, string $key, array $bodies): void
{
    foreach ($bodies as $body) {
        $message = new AMQPMessage($body, ['delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT]);
        $channel->basic_publish($message, $exchange, $key);
    }
}

/** Consumes and acks exactly count messages: [body, redelivered] each. */
function take(AMQPChannel $channel, string $queue, int $count): array
{
    $taken = [];
    $tag = $channel->basic_consume($queue, '', false, false, false, false, function ($message) use (&$taken) {
        $taken[] = [$message->getBody(), $message->isRedelivered()];
        $message->ack();
    });
    while (count($taken) < $count) {
        $channel->wait(null, false, PATIENCE);
    }
    $channel->basic_cancel($tag);
    return $taken;
}

function bodies(AMQPChannel $channel, string $queue, int $count): array
{
    return array_column(take($channel, $queue, $count), 0);
}

function bound_queue(AMQPChannel $channel, string $exchange, string ...$keys): string
{
    $queue = $channel->queue_declare('', false, false, true, false)[0];
    foreach ($keys as $key) {
        $channel->queue_bind($queue, $exchange, $key);
    }
    return $queue;
}

/** Two workers with prefetch 1 share the tasks; one is given back once. */
function work_queue(AMQPStreamConnection $connection): void
{
    $channel = $connection->channel();
    $queue = name('work');
    $channel->queue_declare($queue, false, true, false, false);
    $tasks = numbers(20);
    $done = [];
    $refused = [];
    $shares = [0, 0];
    $workers = [$connection->channel(), $connection->channel()];
    foreach ($workers as $number => $worker) {
        $worker->basic_qos(0, 1, false);
        $work = function (AMQPMessage $message) use (&$done, &$refused, &$shares, $number) {
            $text = $message->getBody();
            equal($message->get('delivery_mode'), 2, 'delivery mode');
            equal($message->isRedelivered(), in_array($text, $refused, true), "flag of $text");
            if ($text === '7' && $refused === []) {
                $refused[] = $text;
                $message->nack(true);
                return;
            }
            $done[] = $text;
            $shares[$number]++;
            $message->ack();
        };
        $worker->basic_consume($queue, '', false, false, false, false, $work);
    }
    publish_all($channel, '', $queue, $tasks);
    pump_until(function () use (&$done, $tasks) {
        return count($done) >= count($tasks);
    }, 'the tasks', ...$workers);
    foreach ($workers as $worker) {
        $worker->close();
    }
    sort($done, SORT_STRING);
    sort($tasks, SORT_STRING);
    equal($done, $tasks, 'tasks');
    equal($refused, ['7'], 'refused');
    equal(in_array(0, $shares, true), false, 'a worker got nothing');
    equal(ready($channel, $queue), 0, 'left in the queue');
    $channel->queue_delete($queue);
}

/** No more than the prefetch count is on its way. */
function prefetch(AMQPStreamConnection $connection): void
{
    $channel = $connection->channel();
    $observer = $connection->channel();
    $queue = name('prefetch');
    $channel->queue_declare($queue, false, true, false, false);
    publish_all($channel, '', $queue, numbers(10));
    $channel->basic_qos(0, 3, false);
    $held = [];
    $channel->basic_consume($queue, '', false, false, false, false, function ($message) use (&$held) {
        $held[] = $message;
    });
    $holds = function (int $count) use (&$held, $channel) {
        pump_until(function () use (&$held, $count) {
            return count($held) === $count;
        }, "$count deliveries", $channel);
    };
    $holds(3);
    equal(ready($observer, $queue), 7, 'ready beside three held');
    $held[0]->ack();
    $holds(4);
    equal(ready($observer, $queue), 6, 'ready after one ack');
    $held[3]->ack(true);
    $holds(7);
    equal(ready($observer, $queue), 3, 'ready after a multiple ack');
    equal(array_map(fn ($message) => $message->getBody(), $held), numbers(7), 'order');
    $channel->close();
    wait_for(fn () => ready($observer, $queue) === 6, 'what the channel held');
    $observer->queue_delete($queue);
}

/** A consumer that acks one message, holds four and waits to be killed. */
function victim(string $queue): void
{
    $channel = connect()->channel();
    $channel->basic_qos(0, 4, false);
    $seen = 0;
    $channel->basic_consume($queue, '', false, false, false, false, function ($message) use (&$seen) {
        $seen++;
        if ($seen === 1) {
            $message->ack();
        }
        if ($seen === 5) {
            echo "holding\n";
        }
    });
    while (true) {
        $channel->wait();
    }
}

/** What a killed process held comes back first, in order and flagged. */
function redelivery(AMQPStreamConnection $connection): void
{
    $channel = $connection->channel();
    $queue = name('redelivery');
    $channel->queue_declare($queue, false, true, false, false);
    publish_all($channel, '', $queue, numbers(10));
    $process = proc_open([PHP_BINARY, __FILE__, 'victim', $queue], [1 => ['pipe', 'w']], $pipes);
    try {
        equal(fgets($pipes[1]), "holding\n", "the victim's line");
    } finally {
        proc_terminate($process, SIGKILL);
        proc_close($process);
    }
    wait_for(fn () => ready($channel, $queue) === 9, "the victim's messages");
    $want = array_map(fn ($body) => [$body, (int) $body < 5], array_slice(numbers(10), 1));
    equal(take($channel, $queue, 9), $want, 'deliveries after the kill');
    $channel->queue_delete($queue);
}

/** Every queue of a fanout exchange gets everything, in order. */
function publish_subscribe(AMQPStreamConnection $connection): void
{
    $channel = $connection->channel();
    $exchange = name('logs');
    $channel->exchange_declare($exchange, 'fanout', false, false, false);
    $queues = [];
    for ($i = 0; $i < 3; $i++) {
        $queues[] = bound_queue($channel, $exchange, '');
    }
    $late = bound_queue($channel, $exchange);
    $lines = numbers(25);
    publish_all($channel, $exchange, 'ignored', $lines);
    $channel->queue_bind($late, $exchange);
    foreach ($queues as $queue) {
        equal(bodies($channel, $queue, 25), $lines, 'lines');
        equal(ready($channel, $queue), 0, 'left');
    }
    equal(ready($channel, $late), 0, 'of before the binding');
    $channel->exchange_delete($exchange);
}

/** A direct exchange compares the key. */
function routing(AMQPStreamConnection $connection): void
{
    $channel = $connection->channel();
    $exchange = name('direct');
    $channel->exchange_declare($exchange, 'direct', false, true, false);
    $errors = bound_queue($channel, $exchange, 'error');
    $everything = bound_queue($channel, $exchange, 'info', 'warning', 'error');
    foreach (['info', 'error', 'debug', 'warning', 'error', 'Error', 'info'] as $number => $key) {
        $channel->basic_publish(new AMQPMessage("$number $key"), $exchange, $key);
    }
    equal(bodies($channel, $errors, 2), ['1 error', '4 error'], 'errors');
    $want = ['0 info', '1 error', '3 warning', '4 error', '6 info'];
    equal(bodies($channel, $everything, 5), $want, 'everything');
    equal([ready($channel, $errors), ready($channel, $everything)], [0, 0], 'left');
    $channel->exchange_delete($exchange);
}

/** A topic exchange matches words; two matches are one delivery. */
function topics(AMQPStreamConnection $connection): void
{
    $channel = $connection->channel();
    $exchange = name('topic');
    $channel->exchange_declare($exchange, 'topic', false, false, true);
    $orange = bound_queue($channel, $exchange, '*.orange.*');
    $rabbits = bound_queue($channel, $exchange, '*.*.rabbit', 'lazy.#');
    $all = bound_queue($channel, $exchange, '#');
    $keys = ['quick.orange.rabbit', 'lazy.orange.elephant', 'quick.orange.fox', 'lazy.brown.fox',
        'lazy.pink.rabbit', 'quick.brown.fox', 'orange', 'quick.orange.male.rabbit', 'lazy', ''];
    foreach ($keys as $key) {
        $channel->basic_publish(new AMQPMessage("key $key"), $exchange, $key);
    }
    foreach ([[$orange, [0, 1, 2]], [$rabbits, [0, 1, 3, 4, 8]], [$all, range(0, 9)]] as [$queue, $indexes]) {
        $want = array_map(fn ($index) => 'key ' . $keys[$index], $indexes);
        equal(bodies($channel, $queue, count($want)), $want, 'matches');
        equal(ready($channel, $queue), 0, 'left');
    }
}

/** Requests name a reply queue; answers are told apart by correlation id. */
function rpc(AMQPStreamConnection $connection): void
{
    $serving = connect();
    $server = $serving->channel();
    $queue = $server->queue_declare(name('rpc'), false, false, false, true)[0];
    $server->basic_qos(0, 1, false);
    $server->basic_consume($queue, '', false, false, false, false, function ($request) use ($server) {
        $answer = new AMQPMessage((string) ((int) $request->getBody()) ** 2, [
            'correlation_id' => $request->get('correlation_id'),
        ]);
        $server->basic_publish($answer, '', $request->get('reply_to'));
        $request->ack();
    });
    $channel = $connection->channel();
    $replies = bound_queue($channel, '');
    $answers = [];
    $channel->basic_consume($replies, '', false, true, false, false, function ($reply) use (&$answers) {
        $answers[$reply->get('correlation_id')] = (int) $reply->getBody();
    });
    $want = [];
    foreach (numbers(10) as $number) {
        $id = 'request-' . bin2hex(random_bytes(8));
        $want[$id] = (int) $number ** 2;
        $request = new AMQPMessage($number, ['reply_to' => $replies, 'correlation_id' => $id]);
        $channel->basic_publish($request, '', $queue);
    }
    pump_until(function () use (&$answers) {
        return count($answers) >= 10;
    }, 'the answers', $server, $channel);
    ksort($answers);
    ksort($want);
    equal($answers, $want, 'answers');
    $serving->close();
}

/** Every publish is confirmed once, none refused. */
function confirms(AMQPStreamConnection $connection): void
{
    $channel = $connection->channel();
    $queue = name('confirms');
    $channel->queue_declare($queue, false, true, false, false);
    $confirmed = [];
    $refused = [];
    $channel->set_ack_handler(function ($message) use (&$confirmed) {
        $confirmed[] = $message->getBody();
    });
    $channel->set_nack_handler(function ($message) use (&$refused) {
        $refused[] = $message->getBody();
    });
    $channel->confirm_select();
    publish_all($channel, '', $queue, numbers(50));
    $channel->wait_for_pending_acks(PATIENCE);
    sort($confirmed, SORT_NUMERIC);
    equal($refused, [], 'refused');
    equal($confirmed, numbers(50), 'confirmed');
    equal(ready($channel, $queue), 50, 'confirmed and in the queue');
    equal(take($channel, $queue, 50), array_map(fn ($body) => [$body, false], numbers(50)), 'deliveries');
    $channel->queue_delete($queue);
}

/** A mandatory message without a queue comes back before its confirm. */
function mandatory(AMQPStreamConnection $connection): void
{
    $channel = $connection->channel();
    $queue = bound_queue($channel, 'amq.direct', name('there'));
    $events = [];
    $channel->set_return_listener(function ($code, $text, $exchange, $key, $message) use (&$events) {
        $events[] = [$code, $text, $exchange, $key, $message->getBody()];
    });
    $channel->set_ack_handler(function ($message) use (&$events) {
        $events[] = 'confirmed ' . $message->getBody();
    });
    $channel->confirm_select();
    foreach ([['there', 'routed', true], ['nowhere', 'back', true], ['nowhere', 'dropped', false]] as $publish) {
        [$key, $body, $is_mandatory] = $publish;
        $channel->basic_publish(new AMQPMessage($body), 'amq.direct', name($key), $is_mandatory);
        $channel->wait_for_pending_acks_returns(PATIENCE);
    }
    $want = ['confirmed routed', [312, 'NO_ROUTE', 'amq.direct', name('nowhere'), 'back'],
        'confirmed back', 'confirmed dropped'];
    equal($events, $want, 'events');
    equal(bodies($channel, $queue, 1), ['routed'], 'routed');
    equal(ready($channel, $queue), 0, 'left');
}

function main(): int
{
    pcntl_async_signals(true);
    pcntl_signal(SIGALRM, function () {
        echo "FAIL deadline: the deadline has passed\n";
        exit(1);
    });
    pcntl_alarm(DEADLINE);
    echo 'version ', Package::VERSION, "\n";
    $status = 0;
    $scenarios = ['work_queue', 'prefetch', 'redelivery', 'publish_subscribe', 'routing', 'topics', 'rpc',
        'confirms', 'mandatory'];
    foreach ($scenarios as $scenario) {
        $title = strtr($scenario, '_', '-');
        try {
            $connection = connect();
            $scenario($connection);
            $connection->close();
            echo "ok $title\n";
        } catch (Throwable $error) {
            $status = 1;
            echo "FAIL $title: ", get_class($error), ': ', strtr($error->getMessage(), "\n", ' '), "\n";
            fwrite(STDERR, $error . "\n");
        }
    }
    return $status;
}

if (($argv[1] ?? '') === 'victim') {
    victim($argv[2]);
}
exit(main());
