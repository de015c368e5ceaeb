# Bunny over TLS: with a password, and with a certificate alone (EXTERNAL).
require "bunny"

FOLDER = ENV.fetch("TLS_FOLDER")

def connect(authority, mechanism, certificate = nil)
  options = {
    host: "localhost", port: ENV.fetch("TLS_PORT").to_i, tls: true, verify_peer: true,
    tls_ca_certificates: ["#{FOLDER}/#{authority}.pem"], user: "app", password: "secret",
    auth_mechanism: mechanism, automatically_recover: false, recovery_attempts: 0,
    connection_timeout: 5, continuation_timeout: 5000, log_level: Logger::FATAL, logger: Logger.new(File::NULL)
  }
  if certificate
    options[:tls_cert] = "#{FOLDER}/#{certificate}.pem"
    options[:tls_key] = "#{FOLDER}/#{certificate}.key"
  end
  Bunny.new(options).start
end

def round_trip(connection)
  channel = connection.create_channel
  queue = channel.queue("", exclusive: true)
  channel.confirm_select
  body = "x" * 200_000
  channel.default_exchange.publish(body, routing_key: queue.name)
  raise "not confirmed" unless channel.wait_for_confirms
  raise "another body came back" unless queue.pop[2] == body
  connection.close
end

def refused
  begin
    yield
  rescue Exception
    return
  end
  raise "it was not refused"
end

failed = 0
{
  "password" => -> { round_trip(connect("ca", "PLAIN")) },
  "certificate" => -> { round_trip(connect("ca", "EXTERNAL", "app")) },
  "unknown-server" => -> { refused { connect("stranger", "PLAIN") } },
  "expired-client" => -> { refused { round_trip(connect("ca", "PLAIN", "expired")) } },
  "revoked-client" => -> { refused { round_trip(connect("ca", "PLAIN", "gone")) } },
}.each do |name, scenario|
  begin
    scenario.call
    puts "ok #{name}"
  rescue Exception => problem
    failed = 1
    puts "FAIL #{name} #{problem.class}: #{problem.message}"
  end
end
exit failed
