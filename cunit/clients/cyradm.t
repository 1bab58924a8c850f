#!/usr/bin/perl
# cyradm.t - Debian's cyradm administers our server: mailboxes, rights, quotas, annotations
# covers: AD-07 SU-02 AN-02 AN-03 AN-04 MP-26 RC-36 AC-12 AC-18 AC-19 AC-28 AC-33 AC-34 AC-40 QU-06 QU-07 QU-08 NS-07 NS-17 FQ-18 FQ-22
use strict;
use warnings;
use Test::More;
use Halcyon::Job;
use Halcyon::Peer;
use Halcyon::Test;

my $i = Halcyon::Test->new;
my $debian = Halcyon::Peer->get('cyrus');
my $w = Halcyon::Job->new($i);

# Run commands in one session; returns what each printed, and the error text of all.
sub cyradm {
    my ($user, $password, @commands) = @_;
    my $r = $w->run([ 'perl', '-I', $debian->perl_lib, '-MCyrus::IMAP::Shell', '-e', 'shell', '--', '--user', $user, '--password', $password,
                      '--auth', 'PLAIN', '--port', $i->{port}{imap}, '127.0.0.1' ], peer => $debian, stdin => join '', map { "$_\n" } @commands);
    my ($before, @out) = split /127\.0\.0\.1> /, $r->{out}, -1;
    s/[ \t]+$//mg for @out;
    # our refusals carry response codes (RFC 5530), which cyradm prints; those of 3.6.1 do not
    return ($r->{status}, $r->{err} =~ s/\[[A-Z]+\] //gr, @out);
}

# One row per command: what it prints (text or pattern), and the error it must cause.
my @session = (
    [ 'cm user.alice' ],
    [ 'cm user.alice',                      '', 'createmailbox: Mailbox already exists' ],
    [ 'cm user.alice.work' ],
    [ 'cm shared' ],
    [ 'lm',                                 qr/^(?=.*\buser\.alice \(\\HasChildren\))(?=.*\buser\.alice\.work \(\\HasNoChildren\))(?=.*\bshared \(\\HasNoChildren\))/s ],
    [ 'lm user.alice.*',                    "user.alice.work (\\HasNoChildren)\n" ],
    [ 'lm nothing*',                        '' ],
    [ 'lam user.alice',                     "alice lrswipkxtecdan\n" ],
    [ 'lam shared',                         "anyone lrs\n" ],
    [ 'sam user.alice.work bob lrs' ],
    [ 'lam user.alice.work',                qr/^(?=(?s:.*)^alice lrswipkxtecdan\n)(?=(?s:.*)^bob lrs\n)/m ],
    [ 'sam user.alice.work bob +w' ],
    [ 'sam user.alice.work bob -s' ],
    [ 'lam user.alice.work',                qr/^bob lrw\n/m ],
    [ 'sam user.alice.work bob post' ],
    [ 'lam user.alice.work',                qr/^bob lrsp\n/m ],
    [ 'sam user.alice.work bob Z',          '', 'setaclmailbox: bob: Z: The Z right is not supported' ],
    [ 'dam user.alice.work bob' ],
    [ 'lam user.alice.work',                "alice lrswipkxtecdan\n" ],
    [ 'lam user.nosuch',                    '', 'Mailbox does not exist' ],
    [ 'sq user.alice 2000',                 "quota:2000\n" ],
    [ 'lq user.alice',                      " STORAGE 0/2000 (0%)\n" ],
    [ 'lqr user.alice.work',                "user.alice STORAGE 0/2000 (0%)\n" ],
    [ 'sq user.alice STORAGE 100' ],
    [ 'lq user.alice',                      " STORAGE 0/100 (0%)\n" ],
    [ 'sq user.alice none',                 "remove quota\n" ],
    [ 'lq user.alice',                      qr{^\s*/\s*$} ],
    [ 'renm user.alice.work user.alice.play' ],
    [ 'lm user.alice.*',                    "user.alice.play (\\HasNoChildren)\n" ],
    [ 'renm user.alice.nosuch user.alice.y','', 'renamemailbox: Mailbox does not exist' ],
    [ 'dm user.alice.play',                 '', 'deletemailbox: Permission denied' ],
    [ 'sam user.alice.play cyrus x' ],
    [ 'dm user.alice.play' ],
    [ 'lm user.alice.*',                    '' ],
    [ 'dm user.nosuch',                     '', 'deletemailbox: Mailbox does not exist' ],
    [ 'sub shared' ],
    [ 'lm -subscribed',                     qr/^shared\b/ ],
    [ 'unsub shared' ],
    [ 'cm --specialuse \\Sent user.alice.Sent' ],
    [ 'cm --specialuse \\Nope user.alice.Nope', '', 'createmailbox: Special use is not supported' ],
    [ 'info user.alice.Sent',               qr/^\{user\.alice\.Sent\}:\n  private:\n    check: NIL\n    checkperiod: NIL\n.*    squat: NIL\n  shared:\n.*    annotsize: 5\n.*    duplicatedeliver: false\n.*    expire: NIL\n.*    uniqueid: \w{24}\n\z/s ],
    [ 'info',                               qr/^\{Server Wide\}\n  private:\n    admin: NIL\n.*    freespace: \d+\n    most: \d+;\d+\n    total: \d+;\d+\n    shutdown: NIL\n    squat: NIL\n\z/s ],
    [ 'mboxconfig user.alice comment hello' ],
    [ 'mboxconfig user.alice expire 3' ],
    [ 'mboxconfig user.alice expire x',     '', 'mboxconfig: Invalid annotation value' ],
    [ 'mboxconfig user.alice nosuch x',     '', 'mboxconfig: entry must begin with /shared or /private' ],
    [ 'mboxconfig user.nosuch comment x',   '', 'mboxconfig: Mailbox does not exist' ],
    [ 'mboxconfig shared expire 3' ],
    [ 'setmd --private user.alice comment mine' ],
    [ 'setmd user.alice.Sent specialuse \\Junk' ],
    [ 'getmd user.alice',                   qr/^\{user\.alice\}:\n  private:\n.*    comment: mine\n.*  shared:\n.*    comment: hello\n.*    expire: 3\n/s ],
    [ 'setinfo motd hi' ],
    [ 'setinfo comment "a server"' ],
    [ 'info ""',                            qr/^\{Server Wide\}\n.*  shared:\n    admin: NIL\n    comment: a server\n    motd: hi\n/s ],
    [ 'mboxconfig user.alice expire none' ],
    [ 'sam user.alice.Sent cyrus x' ],
    [ 'dm user.alice.Sent' ],
    [ 'ver',                                qr/^name\s*: .+\nversion\s*: .+/ ],
    [ 'server',                             qr/^127\.0\.0\.1$/m ],
);
my ($status, $err, @out) = cyradm('cyrus', 'secret', map { $_->[0] } @session);
is($status, 0, 'the session ends with 0');
for my $n (0 .. $#session) {
    my ($command, $want) = @{ $session[$n] };
    my $got = $out[$n] // '(nothing: the session ended)';
    if (ref $want) { like($got, $want, $command) } else { is($got, $want // '', $command) }
}
is($err, join('', map { defined $_->[2] ? "$_->[2]\n" : () } @session), 'errors, and no others');

# what an owner may do, and not
($status, $err, @out) = cyradm('alice', 'secret', 'lm', 'cm INBOX.own', 'lam INBOX.own', 'sam INBOX.own bob read', 'lam INBOX.own', 'cm user.bob', 'sq INBOX 1', 'dm INBOX.own');
like($out[0], qr{^INBOX \(\\HasNoChildren\) +shared \(\\HasNoChildren\)$}, 'the owner sees INBOX and what is shared');
is($out[2], "alice lrswipkxtecdan\n", 'a new folder has the rights of its parent');
like($out[4], qr/^bob lrs\n/m, 'the owner gives rights');
is($err, "createmailbox: Permission denied\nsetquota: Permission denied\n", 'users are not administrators');

($status, $err) = cyradm('cyrus', 'wrong', 'lm');
is($status, 2, 'a wrong password ends cyradm');
like($err, qr/^cyradm: cannot authenticate to server with PLAIN as cyrus$/m, 'and says so');

is($i->faults, '', 'no process reported a fault');
done_testing();
