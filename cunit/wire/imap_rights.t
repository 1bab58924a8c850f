# imap_rights.t - ACL commands and the rights behind every operation; quota commands
# covers: AC-01 AC-02 AC-03 AC-05 AC-06 AC-08 AC-09 AC-10 AC-11 AC-12 AC-14 AC-15 AC-18 AC-19 AC-20 AC-26 AC-28 AC-29 AC-32 AC-33
# covers: AC-34 AC-37 AC-38 AC-39 AC-40 AC-42 QU-01 QU-02 QU-04 QU-06 QU-08 QU-09 QU-16
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users(qw(alice bob));
my ($a, $b, $adm) = map { $i->imap(user => $_) } qw(alice bob cyrus);
sub acl { my ($c, $box) = @_; my ($l) = $c->ok("GETACL $box"); $l =~ s/^\* ACL \S+ ?//; return $l }

is(acl($a, 'INBOX'), 'alice lrswipkxtecdan', 'a new INBOX');
my ($l) = $adm->ok('MYRIGHTS user.alice');
is($l, '* MYRIGHTS user.alice la', 'administrator: l and a');
$adm->ok('CREATE shared');
is(acl($adm, 'shared'), 'anyone lrs', 'defaultacl');
$a->ok('CREATE INBOX.Sub');
is(acl($a, 'INBOX.Sub'), 'alice lrswipkxtecdan', 'a child inherits');
$a->ok('SETACL INBOX.Sub bob lr');
is(acl($a, 'INBOX.Sub'), 'alice lrswipkxtecdan bob lr', 'SETACL');
$a->ok('SETACL INBOX.Sub bob +s');
$a->ok('SETACL INBOX.Sub bob -l');
is(acl($a, 'INBOX.Sub'), 'alice lrswipkxtecdan bob rs', '+ and -');
is($a->cmd('SETACL INBOX.Sub bob lrZ')->{text}, 'The Z right is not supported', 'unknown right');
is(acl($a, 'INBOX.Sub'), 'alice lrswipkxtecdan bob rs', 'changes nothing');
$a->ok('SETACL INBOX.Sub bob cd');
is(acl($a, 'INBOX.Sub'), 'alice lrswipkxtecdan bob kxtecd', 'c and d stand for their parts');
$a->ok('SETACL INBOX.Sub bob -d');
is(acl($a, 'INBOX.Sub'), 'alice lrswipkxtecdan bob kxc', '-d takes t and e');
$a->ok('DELETEACL INBOX.Sub bob');
is(acl($a, 'INBOX.Sub'), 'alice lrswipkxtecdan', 'DELETEACL');
$a->ok('SETACL INBOX.Sub anyone lrsp');
$a->ok('SETACL INBOX.Sub -bob s');
($l) = $b->ok('MYRIGHTS user.alice.Sub');
is($l, '* MYRIGHTS user.alice.Sub lrp', 'negative rights');
$a->ok('DELETEACL INBOX.Sub -bob');
$a->ok('DELETEACL INBOX.Sub anyone');
($l) = $a->ok('LISTRIGHTS INBOX alice');
is($l, '* LISTRIGHTS INBOX alice lkxcan r s w i p t e d 0 1 2 3 4 5 6 7 8 9', 'LISTRIGHTS of the owner');
is($a->cmd('SETACL INBOX.Sub bob +lr')->{status}, 'OK', 'give lr');
like($b->cmd('GETACL user.alice.Sub')->{text}, qr/^\[NOPERM\]/, 'GETACL without a');
like($b->cmd('GETACL user.alice')->{text}, qr/^\[NONEXISTENT\]/, 'GETACL without l: does not exist');

# each right opens what it should and nothing else
$a->ok('APPEND INBOX.Sub ', \"Subject: x\r\n\r\ny\r\n");
my %needs = (
    r => sub { $b->cmd('EXAMINE user.alice.Sub') },
    i => sub { $b->cmd('APPEND user.alice.Sub ', \"a: b\r\n\r\nx\r\n") },
    w => sub { $b->cmd('SELECT user.alice.Sub'); $b->cmd('STORE 1 +FLAGS (\Flagged)') },
    t => sub { $b->cmd('SELECT user.alice.Sub'); $b->cmd('STORE 1 +FLAGS (\Deleted)') },
    e => sub { $b->cmd('SELECT user.alice.Sub'); $b->cmd('EXPUNGE') },
    k => sub { $b->cmd('CREATE user.alice.Sub.child') },
    a => sub { $b->cmd('SETACL user.alice.Sub bob +l') },
    x => sub { $b->cmd('DELETE user.alice.Sub.child') },
);
for my $right (qw(r i w t e k a)) {
    my $without = join '', grep { $_ ne $right } split //, 'lrswikxtea';
    $a->ok("SETACL INBOX.Sub bob $without");
    is($needs{$right}->()->{status}, 'NO', "$right missing: refused");
    $a->ok('SETACL INBOX.Sub bob lrswikxtea');
    is($needs{$right}->()->{status}, 'OK', "$right held: done");
}
$a->ok('SETACL INBOX.Sub.child bob lr');
is($needs{x}->()->{status}, 'NO', 'x missing: refused');
$a->ok('SETACL INBOX.Sub.child bob lrx');
is($needs{x}->()->{status}, 'OK', 'x held: done');
$a->ok('SETACL INBOX.Sub bob rs');
unlike(join("\n", $b->ok('LIST "" "*"')), qr/Sub/, 'rs: not listed');
is($b->cmd('SELECT user.alice.Sub')->{status}, 'OK', 'rs: selectable by name');
$b->ok('UNSELECT');

# site rules
my $s = Halcyon::Test->new(conf => { anyoneuseracl => 'no' });
$s->create_users('alice');
my $c = $s->imap(user => 'alice');
is($c->cmd('SETACL INBOX anyone lr')->{status}, 'NO', 'anyoneuseracl off');
is($s->faults, '', 'no faults');
$s->stop;

# quota
like($b->cmd('SETQUOTA user.bob (STORAGE 1)')->{status}, qr/NO|BAD/, 'users set no quota');
my ($q) = $adm->ok('SETQUOTA user.bob (STORAGE 2 MESSAGE 3)');
is($q, '* QUOTA user.bob (STORAGE 0 2 MESSAGE 0 3)', 'SETQUOTA');
my @g = $b->ok('GETQUOTAROOT INBOX');
is($g[0], '* QUOTAROOT INBOX INBOX', 'QUOTAROOT as the owner sees it');
is($g[1], '* QUOTA INBOX (STORAGE 0 2 MESSAGE 0 3)', 'and its quota');
$b->ok('APPEND INBOX ', \("a: b\r\n\r\n" . 'x' x 1000 . "\r\n"));
like($b->cmd('APPEND INBOX ', \("a: b\r\n\r\n" . 'x' x 1200 . "\r\n"))->{text}, qr/^\[OVERQUOTA\]/, 'APPEND beyond the limit');
$b->ok('APPEND INBOX ', \("a: b\r\n\r\n" . 'x' x 900 . "\r\n"));
@g = $b->ok('SELECT INBOX');
like($g[0], qr/^\* NO \[ALERT\] Mailbox is at \d+% of STORAGE quota/, 'warning at SELECT');
like($b->cmd('COPY 1 INBOX')->{text}, qr/^\[OVERQUOTA\]/, 'COPY beyond the limit');
$b->ok('STORE 1:* +FLAGS.SILENT (\Deleted)');
$b->ok('EXPUNGE');
($q) = $b->ok('GETQUOTA INBOX');
is($q, '* QUOTA INBOX (STORAGE 0 2 MESSAGE 0 3)', 'expunged mail is not counted');
$b->ok('CREATE INBOX.q');
$b->ok('APPEND INBOX.q ', \"a: b\r\n\r\nx\r\n");
($q) = $b->ok('GETQUOTA INBOX');
is($q, '* QUOTA INBOX (STORAGE 0 2 MESSAGE 1 3)', 'folders below count');
$adm->ok('SETQUOTA user.bob.q (MESSAGE 1)');
($q) = $b->ok('GETQUOTA INBOX');
is($q, '* QUOTA INBOX (STORAGE 0 2 MESSAGE 0 3)', 'a root below takes its folders with it');
like($b->cmd('APPEND INBOX.q ', \"a: b\r\n\r\nx\r\n")->{text}, qr/^\[OVERQUOTA\]/, 'and rules them');
($q) = $adm->ok('SETQUOTA user.bob ()');
is($q, '* QUOTA user.bob ()', 'no limits');
like($b->cmd('GETQUOTA user.alice')->{status}, qr/NO/, "another user's quota is not shown");
is($i->faults, '', 'no faults');
done_testing;
