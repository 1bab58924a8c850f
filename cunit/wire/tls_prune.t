#!/usr/bin/perl
# tls_prune.t - sessions whose time is over leave tls_sessions.db, the others stay
# covers: TL-07 RC-34 MP-59
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new(tls => 1);
my $db = $i->path('conf', 'tls_sessions.db');

sub put {
    my ($value, @keys) = @_;
    my $in = $i->path('run', 'sessions');
    Halcyon::Test::_write($in, join '', map { "$_\t$value\n" } @keys);
    my ($status, $out, $err) = $i->run('cyr_dbtool', '-n', $db, 'twoskip', 'set', { stdin => $in });
    is($status, 0, "put @keys[0 .. 0]") or diag $err;
}

# Keys that we have put there; those of the server are counted.
sub keys_now {
    my ($status, $out, $err) = $i->run('cyr_dbtool', $db, 'twoskip', 'show');
    return join ' ', map { /^((?:old|new|cut)\d+)\t/ ? $1 : () } split /\n/, $out;
}

sub prune {
    my ($what) = @_;
    my ($status, $out, $err) = $i->run('tls_prune');
    is($status, 0, "$what: success");
    is("$out$err", '', "$what: silent");
}

# any time whose bytes cyr_dbtool takes in a line
sub at { my ($t) = @_; my $p; do { $p = pack 'q', $t++ } while $p =~ /[\t\n\r]/; return $p . 'session' }

prune('no database');
ok(!-e $db, '... and none was made');
my $c = Halcyon::Client->imap(port => $i->{port}{imaps}, tls => 1);
$c->close;
put(at(time - 5000), map { "old$_" } 1 .. 1200);
put(at(time + 50_000), 'new1', 'new2');
put('x', 'cut1');
like(keys_now(), qr/cut1.*new1 new2 old1 /, 'all are there');
prune('with a server at work');
is(keys_now(), 'new1 new2', 'what is over has gone, in several batches');
prune('again');
is(keys_now(), 'new1 new2', 'nothing more');
$c = Halcyon::Client->imap(port => $i->{port}{imaps}, tls => 1);
ok($c, 'the server goes on');
$c->close;

my ($status, $out, $err) = $i->run('tls_prune', '-x');
is($status, 64, 'unknown option');
like($err, qr/^Usage: /m, '... says how');
is(($i->run('tls_prune', 'word'))[0], 0, 'a word is passed over, as by 3.6.1');
Halcyon::Test::_write($db, "rubbish\n" x 100);
($status) = $i->run('tls_prune');
ok($status < 128, 'a file that is no database does no harm');
is($i->faults, '', 'no process reported a fault');
$i->stop;
done_testing();
