package Bench::Drive;
# Bench::Drive - call the load driver
use strict;
use warnings;
use Exporter qw(import);

our @EXPORT_OK = qw(drive drive_server note unique set_driver $PASSWORD);

our $PASSWORD = 'secret';       # of every user

my $EXIT_CANNOT = 4;            # of the driver
my $driver;
my $runs = 0;

sub set_driver { ($driver) = @_ }

sub note { print STDERR @_ }

# A word that no other delivery run has: Message-IDs are made with it.
sub unique { return sprintf '%d.%d.%d', $^T, $$, $runs++ }

# Run a work with words "key=value": a list of results ({ key => value }), or how it failed:
# 'wrong' (a wrong answer, or the driver died) or 'cannot' (not possible on this machine or server).
sub drive {
    my ($work, @words) = @_;
    open my $out, '-|', $driver, $work, @words or die "$driver: $!\n";
    my @results;
    while (defined(my $line = <$out>)) {
        push @results, { $line =~ /(\S+?)=(\S+)/g } if $line =~ /^result /;
    }
    close $out;
    return \@results if $? == 0;
    return $? >> 8 == $EXIT_CANNOT ? 'cannot' : 'wrong';
}

# The same against a server; $call is "work key=value ...".
sub drive_server {
    my ($server, $call, @words) = @_;
    my ($work, @own) = split ' ', $call;
    my @where = map { "$_=" . $server->port($_) } qw(imap pop3 lmtp);
    return drive($work, @where, 'tree=' . $server->tree, "password=$PASSWORD", @own, @words);
}

1;
