#!/usr/bin/perl
# fetchmail.t - fetchmail takes everything over IMAP and POP3, and takes nothing twice
# covers: IM-01 PO-01 PO-04 PO-10
use strict;
use warnings;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Job;
use Halcyon::Test;

my $i = Halcyon::Test->new(conf => { munge8bit => 'no', reject8bit => 'no' });
$i->create_users('alice');
my @numbers = grep { $_ != 4 } 1 .. 31;         # 4 has no end of header
$i->fill('alice', map { Halcyon::Corpus::made($_)->{bytes} } @numbers);
my $w = Halcyon::Job->new($i);

sub fetch {
    my ($what, $status, $rc, @args) = @_;
    $w->file('rc', $rc, 0600);
    $w->file('out', '', 0644);
    my $r = $w->run([ qw(fetchmail --nosyslog --nodetach -v -N -f), $w->path('rc'), '--pidfile', $w->path('pid'), @args ]);
    is($r->{status}, $status, $what) or diag(Halcyon::Job::told($r));
    return $w->slurp('out');
}

sub ids { my ($text) = @_; return [ sort { $a <=> $b } $text =~ /^Message-ID: <made\.(\d+)@/mig ] }

my $mda = '  mda "cat >> ' . $w->path('out') . '"';
my $imap = <<"EOT";
poll 127.0.0.1 protocol IMAP port $i->{port}{imap} auth password
  user "alice" password "secret" keep sslproto '' folder INBOX
$mda
EOT
my $first = fetch('IMAP', 0, $imap);
my @expected = sort { $a <=> $b } @numbers, 1024, 2026, 2027, 2028;     # and those that messages 24 and 25 hold
is_deeply(ids($first), \@expected, 'every message came once');
fetch('IMAP again: nothing new', 1, $imap);
is($w->slurp('out'), '', 'what was fetched is \Seen');

my $pop = <<"EOT";
poll 127.0.0.1 protocol POP3 port $i->{port}{pop3} auth password uidl
  user "alice" password "secret" keep sslproto ''
$mda
EOT
my @idfile = ('--idfile', $w->path('ids'));
my $second = fetch('POP3', 0, $pop, @idfile);
is_deeply(ids($second), \@expected, 'every message came once');
fetch('POP3 again: nothing new', 1, $pop, @idfile);
is($w->slurp('out'), '', 'UIDL is the same in the next session');

(my $drain = $pop) =~ s/ keep / nokeep fetchall /;
$drain =~ s/ uidl$//m;
is_deeply(ids(fetch('POP3 with deletion', 0, $drain)), \@expected, 'every message came once more');
fetch('POP3 of an empty mailbox', 1, $drain);
my $c = $i->imap(user => 'alice');
like(join("\n", $c->ok('STATUS INBOX (MESSAGES)')), qr/MESSAGES 0\)/, 'the mailbox is empty');
$c->logout;

is($i->faults, '', 'no process reported a fault');
done_testing();
