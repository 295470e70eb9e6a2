# The superuser of every server is postgres, whoever runs the tests: initdb would take the name of the system's user.
package Superuser;
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

$ENV{PGUSER} = 'postgres';
my $init = \&PostgreSQL::Test::Cluster::init;
{
	no warnings 'redefine';
	*PostgreSQL::Test::Cluster::init = sub {
		my ($self, %parameters) = @_;
		return $init->($self, %parameters, extra => [ '-U', 'postgres', @{ $parameters{extra} // [] } ]);
	};
}

1;
