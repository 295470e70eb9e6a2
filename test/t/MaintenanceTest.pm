# What the tests of maintenance under fire (02*.pl) share: servers, sessions that work in the background, wait points.
package MaintenanceTest;
use strict;
use warnings;
use Exporter 'import';
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Superuser;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(new_node session holder wait_for is_back parked_sql median add_set children_of payload);

# Wait points exist only in a build with STRATA_TESTING=1, which scripts/check makes.
plan(skip_all => 'needs a build with wait points: make STRATA_TESTING=1') unless $ENV{STRATA_TESTING};

sub new_node {
	my ($name, $conf, %init) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(%init);
	$node->append_conf('postgresql.conf', "autovacuum = off\nlog_statement = none\nmax_connections = 30\n" . ($conf // ''));
	$node->start;
	$node->safe_psql('postgres', 'CREATE SCHEMA partman; CREATE EXTENSION pg_strata SCHEMA partman');
	return $node;
}

sub median {
	my @sorted = sort { $a <=> $b } @_;
	return $sorted[ int($#sorted / 2) ];
}

# Until the condition holds; gives false when it does not within two minutes.
sub wait_for {
	my ($condition, $seconds) = @_;
	my $end = time + ($seconds // 120);
	until ($condition->()) {
		return 0 if time > $end;
		sleep 0.02;
	}
	return 1;
}

# Until the server lets one in again. A psql that it refuses may end before it has read the query, which raises here, and
# would raise from poll_query_until.
sub is_back {
	my ($node) = @_;
	return wait_for(sub { eval { ($node->psql('postgres', 'SELECT true'))[0] == 0 } });
}

# True while the backend stands at the wait point.
sub parked_sql {
	my ($pid, $point) = @_;
	return "SELECT count(*) > 0 FROM pg_locks WHERE pid = $pid AND locktype = 'advisory' AND NOT granted AND objid = "
	  . "(hashtext('strata:$point')::bigint & 4294967295)::oid";
}

# A set in a schema of its own: children 0 to 30 by tens, rows up to 35. Maintenance is to create two partitions and to
# retire two. $config goes into the UPDATE of part_config.
sub add_set {
	my ($node, $schema, $config) = @_;
	my $more = $config ? ", $config" : '';
	$node->safe_psql('postgres', qq{
		CREATE SCHEMA $schema;
		CREATE TABLE $schema.ev (id bigint NOT NULL, at timestamptz DEFAULT '2026-01-01', payload text NOT NULL,
			PRIMARY KEY (id)) PARTITION BY RANGE (id);
		CREATE INDEX ON $schema.ev (payload);
		SELECT partman.create_parent('$schema.ev', 'id', '10', p_premake := 3, p_start_partition := '0',
			p_template_table := 'false');
		INSERT INTO $schema.ev (id, payload) SELECT i, md5(i::text) FROM generate_series(0, 35) i;
		UPDATE partman.part_config SET premake = 2, retention = '10', retention_keep_table = false$more
			WHERE parent_table = '$schema.ev';
		UPDATE partman.part_policy SET lock_tries = 1 WHERE parent_table = '$schema.ev';
	});
	return;
}

sub children_of {
	my ($node, $schema) = @_;
	return $node->safe_psql('postgres', qq{
		SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = '$schema.ev'::regclass ORDER BY c.relname COLLATE "C"});
}

# Rows and their content as one value.
sub payload {
	my ($node, $schema) = @_;
	return $node->safe_psql('postgres',
		"SELECT count(*) || ' ' || md5(string_agg(e::text, '|' ORDER BY id)) FROM $schema.ev e");
}

# Holds wait points shut. Its methods: shut(name), open(name), everything else as a session.
sub holder { return session(@_); }

sub session {
	my ($node, %options) = @_;
	return MaintenanceTest::Session->new($node, %options);
}

package MaintenanceTest::Session;
use Time::HiRes qw(sleep time);

sub new {
	my ($class, $node, %options) = @_;
	my $self = bless { in => '', out => '', err => '', count => 0, node => $node }, $class;
	my $psql = $node->installed_command('psql');
	my $connect = $node->connstr('postgres') . ($options{user} ? " user=$options{user}" : '');
	$self->{timer} = IPC::Run::timeout(180);    # for each answer
	$self->{run} = IPC::Run::start([ $psql, '-XAtq', '-v', 'VERBOSITY=' . ($options{verbosity} // 'default'), '-d', $connect, '-f', '-' ],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err}, $self->{timer});
	$self->{pid} = $self->query('SELECT pg_backend_pid()');
	return $self;
}

sub pid { return $_[0]{pid}; }

# Sends without waiting for the answer.
sub send {
	my ($self, $sql) = @_;
	$self->{timer}->start if $self->{timer} && $self->{run};
	$self->{mark} = 'answer ' . ++$self->{count} . ' ends';
	$self->{in} .= "$sql;\n\\echo '$self->{mark}'\n\\warn '$self->{mark}'\n";
	eval { $self->{run}->pump_nb };
	return $self;
}

sub done {
	my ($self) = @_;
	return 1 unless eval { $self->{run}->pumpable && $self->{run}->pump_nb; 1 } && $self->{run}->pumpable;
	return $self->{out} =~ /\Q$self->{mark}\E\n/ && $self->{err} =~ /\Q$self->{mark}\E\n/;    # the whole line: answer() cuts it
}

# Output and messages of what was sent last; also when the connection broke.
sub answer {
	my ($self) = @_;
	my $end = time + 120;
	until ($self->done) {
		die "no answer within two minutes\n" if time > $end;
		sleep 0.005;
	}
	my ($out, $err) = ($self->{out}, $self->{err});
	s/\n?\Q$self->{mark}\E\n// for $out, $err;
	$self->{out} = $self->{err} = '';
	chomp($out, $err);
	return wantarray ? ($out, $err) : $out;
}

sub query {
	my ($self, $sql) = @_;
	return $self->send($sql)->answer;
}

sub shut { my ($self, @points) = @_; $self->query("SELECT pg_advisory_lock(hashtext('strata:$_'))") for @points; return; }
sub open { my ($self, @points) = @_; $self->query("SELECT pg_advisory_unlock(hashtext('strata:$_'))") for @points; return; }

# Until the session stands at the wait point; false when it ended before.
sub wait_parked {
	my ($self, $point) = @_;
	my $sql = MaintenanceTest::parked_sql($self->{pid}, $point);
	my $end = time + 60;
	while (time < $end) {
		return 1 if $self->{node}->safe_psql('postgres', $sql) eq 't';
		return 0 if $self->done;
		sleep 0.01;
	}
	return 0;
}

sub quit {
	my ($self) = @_;
	eval { $self->{in} .= "\\q\n" if $self->{run}->pumpable; $self->{run}->finish; };
	return;
}

# A session whose connection is gone.
sub kill_psql { my ($self) = @_; eval { $self->{run}->kill_kill }; return; }

1;
