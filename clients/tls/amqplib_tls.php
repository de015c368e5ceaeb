<?php
// php-amqplib over TLS: with a password, and with a certificate alone (EXTERNAL).
require 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Connection\AMQPSSLConnection;
use PhpAmqpLib\Message\AMQPMessage;

error_reporting(E_ALL & ~E_WARNING & ~E_DEPRECATED);

function connect(string $authority, string $mechanism, ?string $certificate = null)
{
    $folder = getenv('TLS_FOLDER');
    $external = $mechanism === 'EXTERNAL';
    $tls = ['cafile' => "$folder/$authority.pem", 'verify_peer' => true, 'verify_peer_name' => true];
    if ($certificate) {
        $tls += ['local_cert' => "$folder/$certificate.pem", 'local_pk' => "$folder/$certificate.key"];
    }
    return new AMQPSSLConnection(
        'localhost',
        (int) getenv('TLS_PORT'),
        $external ? null : 'app',
        $external ? null : 'secret',
        '/',
        $tls,
        ['login_method' => $mechanism, 'connection_timeout' => 5, 'read_write_timeout' => 10]
    );
}

function roundTrip($connection): void
{
    $channel = $connection->channel();
    [$queue] = $channel->queue_declare('', false, false, true);
    $channel->confirm_select();
    $body = str_repeat('x', 200000);
    $channel->basic_publish(new AMQPMessage($body), '', $queue);
    $channel->wait_for_pending_acks(10);
    if ($channel->basic_get($queue, true)->body !== $body) {
        throw new Exception('another body came back');
    }
    $connection->close();
}

function refused(callable $do): void
{
    try {
        $do();
    } catch (Throwable $problem) {
        return;
    }
    throw new Exception('it was not refused');
}

$failed = 0;
foreach ([
    'password' => fn () => roundTrip(connect('ca', 'PLAIN')),
    'certificate' => fn () => roundTrip(connect('ca', 'EXTERNAL', 'app')),
    'unknown-server' => fn () => refused(fn () => connect('stranger', 'PLAIN')),
    'expired-client' => fn () => refused(fn () => roundTrip(connect('ca', 'PLAIN', 'expired'))),
    'revoked-client' => fn () => refused(fn () => roundTrip(connect('ca', 'PLAIN', 'gone'))),
] as $name => $scenario) {
    try {
        $scenario();
        echo "ok $name\n";
    } catch (Throwable $problem) {
        $failed = 1;
        echo "FAIL $name " . get_class($problem) . ': ' . $problem->getMessage() . "\n";
    }
}
exit($failed);
