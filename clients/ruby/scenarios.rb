# frozen_string_literal: true

# The tutorials' patterns with Bunny.
#
# Prints `version`, then `ok NAME` or `FAIL NAME: reason` per scenario; the exit
# status is 1 if any failed. CLIENTS_URL names the broker.

require 'bunny'
require 'securerandom'
require 'timeout'

# Bunny takes the path "/" for a virtual host without a name.
URL = ENV.fetch('CLIENTS_URL').chomp('/')
RUN = SecureRandom.hex(4)
DEADLINE = 90 # seconds for all scenarios together
PATIENCE = 10 # seconds for one condition

def name(suffix)
  "clients.ruby.#{RUN}.#{suffix}"
end

def equal(got, want, what)
  raise "#{what}: got #{got.inspect}, want #{want.inspect}" unless got == want
end

def connect
  Bunny.new(URL, automatically_recover: false).start
end

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

def wait_for(what)
  deadline = now + PATIENCE
  until yield
    raise "waited in vain for #{what}" if now > deadline

    sleep 0.02
  end
end

def numbers(count)
  Array.new(count, &:to_s)
end

def publish_all(exchange, key, bodies)
  bodies.each { |body| exchange.publish(body, routing_key: key, persistent: true) }
end

# Consumes and acks exactly count messages: [body, redelivered] each.
def take(channel, queue, count)
  taken = Queue.new
  consumer = queue.subscribe(manual_ack: true) do |delivery, _, body|
    taken << [body, delivery.redelivered?]
    channel.ack(delivery.delivery_tag)
  end
  wait_for("#{count} messages in #{queue.name}") { taken.size >= count }
  consumer.cancel
  Array.new(taken.size) { taken.pop }
end

def bodies(channel, queue, count)
  take(channel, queue, count).map(&:first)
end

def bound_queue(channel, exchange, *keys)
  queue = channel.queue('', exclusive: true)
  keys.each { |key| queue.bind(exchange, routing_key: key) }
  queue
end

# One worker of the work queue: what it has done, and whether it refused a task.
class Worker
  attr_reader :channel, :done

  def initialize(channel, queue_name, refused, failures)
    @channel = channel
    @done = Queue.new
    @refused = refused
    @failures = failures
    channel.prefetch(1)
    channel.queue(queue_name, durable: true).subscribe(manual_ack: true) do |delivery, properties, body|
      work(delivery, properties, body)
    end
  end

  def work(delivery, properties, body)
    @failures << "delivery mode of #{body}" unless properties.delivery_mode == 2
    @failures << "flag of #{body}" unless delivery.redelivered? == @refused.include?(body)
    if body == '7' && @refused.empty?
      @refused << body
      @channel.nack(delivery.delivery_tag, false, true)
      return
    end
    @done << body
    @channel.ack(delivery.delivery_tag)
  end
end

# Two workers with prefetch 1 share the tasks; one is given back once.
def work_queue(connection)
  channel = connection.create_channel
  queue = channel.queue(name('work'), durable: true)
  tasks = numbers(20)
  refused = []
  failures = []
  workers = Array.new(2) { Worker.new(connection.create_channel, queue.name, refused, failures) }
  publish_all(channel.default_exchange, queue.name, tasks)
  wait_for('the tasks') { workers.sum { |worker| worker.done.size } >= tasks.size }
  shares = workers.map { |worker| Array.new(worker.done.size) { worker.done.pop } }
  equal(failures, [], 'failures')
  equal(shares.flatten.sort, tasks.sort, 'tasks')
  equal(refused, ['7'], 'refused')
  equal(shares.any?(&:empty?), false, 'a worker got nothing')
  workers.each { |worker| worker.channel.close }
  equal(queue.message_count, 0, 'left in the queue')
  queue.delete
end

# No more than the prefetch count is on its way.
def prefetch(connection)
  channel = connection.create_channel
  observer = connection.create_channel
  queue = channel.queue(name('prefetch'))
  ready = -> { observer.queue(queue.name, passive: true).message_count }
  publish_all(channel.default_exchange, queue.name, numbers(10))
  channel.prefetch(3)
  held = []
  queue.subscribe(manual_ack: true) { |delivery, _, body| held << [delivery.delivery_tag, body] }
  wait_for('three deliveries') { held.size == 3 }
  equal(ready.call, 7, 'ready beside three held')
  channel.ack(held[0][0])
  wait_for('one more after an ack') { held.size == 4 }
  equal(ready.call, 6, 'ready after one ack')
  channel.ack(held[3][0], true)
  wait_for('three more after a multiple ack') { held.size == 7 }
  equal(ready.call, 3, 'ready after a multiple ack')
  equal(held.map(&:last), numbers(7), 'order')
  channel.close
  wait_for('what the channel held') { ready.call == 6 }
  observer.queue_delete(queue.name)
end

# A consumer that acks one message, holds four and waits to be killed.
def victim(queue_name)
  channel = connect.create_channel
  channel.prefetch(4)
  seen = 0
  channel.queue(queue_name, durable: true).subscribe(manual_ack: true, block: true) do |delivery, _, _|
    seen += 1
    channel.ack(delivery.delivery_tag) if seen == 1
    $stdout.write("holding\n") if seen == 5
    $stdout.flush
  end
end

# What a killed process held comes back first, in order and flagged.
def redelivery(connection)
  channel = connection.create_channel
  queue = channel.queue(name('redelivery'), durable: true)
  publish_all(channel.default_exchange, queue.name, numbers(10))
  IO.popen([RbConfig.ruby, __FILE__, 'victim', queue.name]) do |child|
    equal(child.gets, "holding\n", "the victim's line")
  ensure
    Process.kill(:KILL, child.pid)
  end
  wait_for("the victim's messages") { queue.message_count == 9 }
  want = numbers(10).drop(1).map { |body| [body, body.to_i < 5] }
  equal(take(channel, queue, 9), want, 'deliveries after the kill')
  queue.delete
end

# Every queue of a fanout exchange gets everything, in order.
def publish_subscribe(connection)
  channel = connection.create_channel
  exchange = channel.fanout(name('logs'))
  queues = Array.new(3) { bound_queue(channel, exchange, '') }
  late = bound_queue(channel, exchange)
  lines = numbers(25)
  publish_all(exchange, 'ignored', lines)
  late.bind(exchange)
  queues.each do |queue|
    equal(bodies(channel, queue, 25), lines, 'lines')
    equal(queue.message_count, 0, 'left')
  end
  equal(late.message_count, 0, 'of before the binding')
  exchange.delete
end

# A direct exchange compares the key.
def routing(connection)
  channel = connection.create_channel
  exchange = channel.direct(name('direct'), durable: true)
  errors = bound_queue(channel, exchange, 'error')
  everything = bound_queue(channel, exchange, 'info', 'warning', 'error')
  %w[info error debug warning error Error info].each_with_index do |key, number|
    exchange.publish("#{number} #{key}", routing_key: key)
  end
  equal(bodies(channel, errors, 2), ['1 error', '4 error'], 'errors')
  want = ['0 info', '1 error', '3 warning', '4 error', '6 info']
  equal(bodies(channel, everything, 5), want, 'everything')
  equal([errors.message_count, everything.message_count], [0, 0], 'left')
  exchange.delete
end

# A topic exchange matches words; two matches are one delivery.
def topics(connection)
  channel = connection.create_channel
  exchange = channel.topic(name('topic'), auto_delete: true)
  keys = ['quick.orange.rabbit', 'lazy.orange.elephant', 'quick.orange.fox', 'lazy.brown.fox',
          'lazy.pink.rabbit', 'quick.brown.fox', 'orange', 'quick.orange.male.rabbit', 'lazy', '']
  expected = {
    bound_queue(channel, exchange, '*.orange.*') => [0, 1, 2],
    bound_queue(channel, exchange, '*.*.rabbit', 'lazy.#') => [0, 1, 3, 4, 8],
    bound_queue(channel, exchange, '#') => (0..9).to_a
  }
  keys.each { |key| exchange.publish("key #{key}", routing_key: key) }
  expected.each do |queue, indexes|
    want = indexes.map { |index| "key #{keys[index]}" }
    equal(bodies(channel, queue, want.size), want, 'matches')
    equal(queue.message_count, 0, 'left')
  end
end

# Requests name a reply queue; answers are told apart by correlation id.
def rpc(connection)
  serving = connect
  server = serving.create_channel
  server.prefetch(1)
  requests = server.queue(name('rpc'), auto_delete: true)
  requests.subscribe(manual_ack: true) do |delivery, properties, body|
    server.default_exchange.publish((body.to_i**2).to_s, routing_key: properties.reply_to,
                                                          correlation_id: properties.correlation_id)
    server.ack(delivery.delivery_tag)
  end
  channel = connection.create_channel
  replies = bound_queue(channel, nil)
  answers = {}
  replies.subscribe { |_, properties, body| answers[properties.correlation_id] = body.to_i }
  want = numbers(10).to_h { |number| [SecureRandom.uuid, number.to_i] }
  want.each do |id, number|
    channel.default_exchange.publish(number.to_s, routing_key: requests.name, reply_to: replies.name,
                                                  correlation_id: id)
  end
  wait_for('the answers') { answers.size >= want.size }
  equal(answers, want.transform_values { |number| number**2 }, 'answers')
  serving.close
end

# wait_for_confirms returns when every publish is confirmed.
def confirms(connection)
  channel = connection.create_channel
  channel.confirm_select
  queue = channel.queue(name('confirms'), durable: true)
  publish_all(channel.default_exchange, queue.name, numbers(50))
  equal(Timeout.timeout(PATIENCE) { channel.wait_for_confirms }, true, 'all confirmed')
  equal(channel.nacked_set.to_a, [], 'refused')
  equal(queue.message_count, 50, 'confirmed and in the queue')
  equal(take(channel, queue, 50), numbers(50).map { |body| [body, false] }, 'deliveries')
  queue.delete
end

# A mandatory message without a queue comes back before its confirm.
def mandatory(connection)
  channel = connection.create_channel
  exchange = channel.direct('amq.direct', durable: true)
  queue = bound_queue(channel, exchange, name('there'))
  events = Queue.new
  exchange.on_return { |info, _, body| events << [info.reply_code, info.reply_text, info.routing_key, body] }
  channel.confirm_select(->(tag, _, nack) { events << [nack ? 'refused' : 'confirmed', tag] })
  [['there', 'routed', true], ['nowhere', 'back', true], ['nowhere', 'dropped', false]].each do |key, body, flag|
    exchange.publish(body, routing_key: name(key), mandatory: flag)
    Timeout.timeout(PATIENCE) { channel.wait_for_confirms }
  end
  want = [['confirmed', 1], [312, 'NO_ROUTE', name('nowhere'), 'back'], ['confirmed', 2], ['confirmed', 3]]
  equal(Array.new(events.size) { events.pop }, want, 'events')
  equal(bodies(channel, queue, 1), ['routed'], 'routed')
  equal(queue.message_count, 0, 'left')
end

def main
  Thread.new do
    sleep DEADLINE
    puts 'FAIL deadline: the deadline has passed'
    exit!(1)
  end
  puts "version #{Bunny::VERSION}"
  failed = false
  %i[work_queue prefetch redelivery publish_subscribe routing topics rpc confirms mandatory].each do |scenario|
    title = scenario.to_s.tr('_', '-')
    begin
      connection = connect
      send(scenario, connection)
      connection.close
      puts "ok #{title}"
    rescue StandardError => e
      failed = true
      puts "FAIL #{title}: #{e.class}: #{e.message.tr("\n", ' ')}"
      warn e.full_message
    end
  end
  exit(failed ? 1 : 0)
end

$stdout.sync = true
if ARGV.first == 'victim'
  victim(ARGV.fetch(1))
else
  main
end
