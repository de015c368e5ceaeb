package configs

import "slices"

// ignoredRules are the keys of RabbitMQ without effect: those of 3.10 and 4.0, and what is known of later ones, by the reason.
func ignoredRules() []ignoredRule {
	return slices.Concat(clusterIgnored(), runtimeIgnored(), pluginIgnored(), accessIgnored(), transportIgnored(), outputIgnored())
}

func clusterIgnored() []ignoredRule {
	return []ignoredRule{
		{why: "there is one node, which is its own cluster", patterns: []string{
			"cluster_formation.**", "cluster_keepalive_interval", "cluster_partition_handling", "cluster_partition_handling.**",
			"cluster_tags.*", "node_tags.*", "net_ticktime", "mirroring_sync_batch_size", "mirroring_sync_max_throughput",
			"mnesia_table_loading_retry_limit", "mnesia_table_loading_retry_timeout", "metadata_store.**", "khepri.**",
			"queue_leader_locator", "queue_master_locator", "quorum_queue.**", "raft.**", "stream.replication.**",
			"consumer_disconnected_timeout",
		}},
	}
}

func runtimeIgnored() []ignoredRule {
	return []ignoredRule{
		{why: "there is no Erlang machine", patterns: []string{
			"erlang.**", "distribution.**", "distributed_cookie", "sysmon_handler.**", "background_gc_enabled",
			"background_gc_target_interval", "hipe_compile", "delegate_count", "default_worker_pool_size",
			"socket_writer.gc_threshold", "aws.**",
		}},
		{why: "the store takes care of it by itself", patterns: []string{
			"vm_memory_high_watermark_paging_ratio", "vm_memory_calculation_strategy", "memory_monitor_interval",
			"classic_queue.**", "queue_index_embed_msgs_below", "queue_index_max_journal_entries", "lazy_queue_explicit_gc_run_operation_threshold",
			"message_store_shutdown_timeout", "msg_store_file_size_limit", "vhost_restart_strategy", "file_handles_high_watermark",
		}},
		{why: "the memory of the machine or the control group counts", matters: true, patterns: []string{"total_memory_available_override_value"}},
		{why: "what is counted does not depend on it", patterns: []string{"collect_statistics", "collect_statistics_interval", "management_agent.filter_aggregated_queue_metrics_pattern"}},
		{why: "no feature is on its way out", patterns: []string{"deprecated_features.permit.*", "feature_flags.**", "exchange_types.*.enabled"}},
		{why: "the product has its own name", patterns: []string{"product.name", "product.version", "motd_file"}},
	}
}

func pluginIgnored() []ignoredRule {
	return []ignoredRule{
		{why: "only AMQP 0-9-1 is spoken", matters: true, patterns: []string{
			"mqtt.**", "stomp.**", "stream.**", "web_mqtt.**", "web_stomp.**", "amqp1_0.**",
			"session_max_per_connection", "link_max_per_session", "web_dispatch.**",
		}},
		{why: "users are those of the data directory: nobody else can log in", matters: true, patterns: []string{
			"auth_ldap.**", "auth_http.**", "auth_oauth2.**", "auth_cache.**", "auth_backends_internal.**", "trust_store.**",
		}},
		{why: "there are no shovels and no federation", matters: true, patterns: []string{"shovel.**", "federation.**"}},
		{why: "messages are traced by the keys tracing and event-exchange", patterns: []string{"tracing.**"}},
		{why: "messages do not pass interceptors", matters: true, patterns: []string{"message_interceptors.**"}},
		{why: "definitions are loaded from files of this machine", matters: true, patterns: []string{
			"definitions.https.**", "definitions.tls.**",
		}},
		{why: "the path says where definitions come from", patterns: []string{"definitions.import_backend", "definitions.hashing.algorithm"}},
	}
}

func accessIgnored() []ignoredRule {
	return []ignoredRule{
		{why: "ANONYMOUS needs no password", patterns: []string{"anonymous_login_pass"}},
		{why: "users, policies and limits of new virtual hosts are not made by patterns", matters: true, patterns: []string{
			"default_users.**", "default_policies.**", "default_limits.**",
		}},
		{why: "passwords are not judged", matters: true, patterns: []string{"credential_validator.**"}},
		{why: "there is no such limit", matters: true, patterns: []string{
			"runtime_parameters.**", "ranch_connection_max",
		}},
	}
}

func transportIgnored() []ignoredRule {
	return []ignoredRule{
		{why: "sockets are set up for small delays and checked for life without being told", patterns: []string{
			"tcp_listen_options", "tcp_listen_options.**", "num_acceptors.tcp", "num_acceptors.ssl", "reverse_dns_lookups",
		}},
		{why: "handshake-timeout is for TLS, too", patterns: []string{"ssl_handshake_timeout"}},
		{why: "ciphers and curves are chosen by Go's TLS, which has no weak ones", patterns: []string{
			"ssl_options.ciphers.*", "ssl_options.honor_cipher_order", "ssl_options.honor_ecc_order", "ssl_options.dh", "ssl_options.dhfile",
			"ssl_options.client_renegotiation", "ssl_options.secure_renegotiate", "ssl_options.reuse_sessions", "ssl_options.reuse_session",
			"ssl_options.psk_identity", "ssl_allow_poodle_attack", "ssl_options.bypass_pem_cache",
			"ssl_options.log_alert", "ssl_options.log_level", "ssl_options.depth", "ssl_options",
		}},
		{why: "revoked certificates are listed by the file of tls-revoked", matters: true, patterns: []string{"ssl_options.crl_check"}},
		{why: "certificates and keys are files: use certfile, keyfile and cacertfile", matters: true, patterns: []string{
			"ssl_options.cert", "ssl_options.cacerts.*", "ssl_options.key.*",
		}},
	}
}

func outputIgnored() []ignoredRule {
	return []ignoredRule{
		{why: "the management has one form", patterns: []string{
			"management.sample_retention_policies.**", "management.db_cache_multiplier", "management.http_log_dir",
			"management.disable_stats", "management.enable_queue_totals", "management.cors.**", "management.csp.**", "management.hsts.**",
			"management.headers.**", "management.http.**", "management.login_session_timeout",
			"management.tcp.*", "management.listener.server.*", "management.restrictions.**", "management.extension.**",
			"management.require_auth_for_api_desc_page", "management.delegate_count",
		}},
		{why: "the management has the TLS of AMQP: see tls-certificates", patterns: []string{
			"management.ssl.*", "management.ssl.**", "management.listener.ssl_opts", "management.listener.ssl_opts.**",
		}},
		{why: "the management asks for a password of a user of the data directory", matters: true, patterns: []string{
			"management.oauth_enabled", "management.oauth_disable_basic_auth", "management.disable_basic_auth", "management.enable_uaa",
			"management.uaa_client_id", "management.uaa_location", "management.oauth_client_id", "management.oauth_client_secret",
			"management.oauth_initiated_logon_type", "management.oauth_metadata_url", "management.oauth_provider_url",
			"management.oauth_resource_servers.**", "management.oauth_response_type", "management.oauth_scopes", "management.oauth_authorization_endpoint_params.*",
			"management.oauth_token_endpoint_params.*",
		}},
		{why: "metrics are at /metrics, with all of their forms", patterns: []string{
			"prometheus.path", "prometheus.filter_aggregated_queue_metrics_pattern", "prometheus.tcp.*",
		}},
		{why: "metrics ask for no password: whoever can connect can read them", matters: true, patterns: []string{"prometheus.authentication.enabled"}},
		{why: "metrics are not served over TLS: put a proxy in front of metrics-listen", matters: true, patterns: []string{"prometheus.ssl.**"}},
		{why: "SIGHUP and SIGUSR1 open the file of the log anew: use logrotate", patterns: []string{
			"log.file.rotation.*", "log.*.rotation.*",
		}},
		{why: "there is one file for all categories", patterns: []string{"log.*.file"}},
		{why: "nothing of this category is logged", patterns: []string{
			"log.federation.level", "log.mirroring.level", "log.ra.level", "log.shovel.level", "log.ldap.level", "log.prelaunch.level",
			"log.feature_flags.level", "log.user.level", "log.access_control.level", "log.osiris.level",
		}},
		{why: "the log goes to standard error and to a file only", matters: true, patterns: []string{"log.syslog", "log.syslog.**", "log.journald", "log.journald.**"}},
		{why: "the forms of the log are text and JSON, without variants", patterns: []string{"log.**"}},
	}
}
