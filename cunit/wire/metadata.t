#!/usr/bin/perl
# rfc: 5464 METADATA
# metadata.t - annotations of mailboxes and of the server: values, rights, limits, what is stored
# covers: AN-01 AN-02 AN-03 AN-04 AN-07 AN-08 AN-09 AN-10 AN-11 AN-13 AC-05 QU-02 SU-03
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

my $V = '/shared/vendor/cmu/cyrus-imapd';
sub meta {              # entries of the one METADATA line
    my ($c, $command) = @_;
    my @l = grep { /^\* METADATA / } $c->ok($command);
    my %v;
    for (@l) {
        my ($list) = /^\* METADATA (?:"[^"]*"|\S+) \((.*)\)\z/s or die "no METADATA line: $_";
        while ($list =~ /\G"([^"]*)" (?:"([^"]*)"|NIL|~?\{(\d+)\}\r\n)/gc) {
            my ($name, $value, $n) = ($1, $2, $3);
            if (defined $n) { $value = substr $list, pos $list, $n; pos($list) += $n }
            $v{$name} = $value;
            $list =~ /\G /gc;
        }
    }
    return \%v;
}
sub refused { my ($c, $command, $code, $what) = @_; my $r = $c->cmd(ref $command ? @$command : $command); like("$r->{status} $r->{text}", $code, $what // $command) }

for my $set ({}, { altnamespace => 'yes', unixhierarchysep => 'yes' }) {
    my $i = Halcyon::Test->new(conf => { anyoneuseracl => 'yes', %$set });
    my ($sep, $mine, $other) = %$set ? ('/', '', 'Other Users/alice') : ('.', 'INBOX.', 'user.alice');
    $i->create_users(qw(alice bob));
    my ($a, $b, $adm) = map { $i->imap(user => $_) } qw(alice bob cyrus);
    my ($box, $theirs) = ("${mine}Work", "\"$other${sep}Work\"");
    like(join(' ', $a->ok('CAPABILITY')), qr/ METADATA /, 'capability');

    # examples of RFC 5464 4
    $a->ok('SETMETADATA INBOX (/private/comment ', \"My new comment across\r\ntwo lines.\r\n", ')');
    is(meta($a, 'GETMETADATA INBOX /private/comment')->{'/private/comment'}, "My new comment across\r\ntwo lines.\r\n", 'a literal');
    $a->ok('SETMETADATA INBOX (/private/comment NIL)');
    is_deeply(meta($a, 'GETMETADATA "INBOX" (/shared/comment /private/comment)'), { '/shared/comment' => undef, '/private/comment' => undef }, 'removed');
    $a->ok('SETMETADATA INBOX (/private/comment "My new comment" /shared/comment "This one is for you!")');
    is_deeply(meta($a, 'GETMETADATA INBOX (/shared/comment /private/comment)'), { '/shared/comment' => 'This one is for you!', '/private/comment' => 'My new comment' }, 'two at once');
    my $r = $a->cmd('GETMETADATA INBOX (MAXSIZE 14) (/shared/comment /private/comment)');
    is_deeply([ $r->{untagged}, $r->{text} ], [ ['* METADATA INBOX ("/private/comment" "My new comment")'], '[METADATA LONGENTRIES 20] Completed' ], 'MAXSIZE');
    is($a->cmd('GETMETADATA (MAXSIZE 20 DEPTH 0) INBOX (/shared/comment)')->{text}, 'Completed', 'options may come first; nothing was too long');
    my $d = meta($a, 'GETMETADATA (DEPTH 1) INBOX (/private)');
    is($d->{'/private/comment'}, 'My new comment', 'DEPTH 1');
    ok(!(grep { m{vendor} } keys %$d) && exists $d->{'/private/specialuse'}, 'one level, names without a value too');
    $d = meta($a, 'GETMETADATA (DEPTH infinity) INBOX (/private /shared)');
    is($d->{"$V/annotsize"}, 34, 'DEPTH infinity: all');
    is_deeply(meta($a, 'GETMETADATA INBOX (/private/%)'), meta($a, 'GETMETADATA INBOX (DEPTH 1) (/private)'), '% as DEPTH 1');
    is_deeply(meta($a, 'GETMETADATA INBOX (/SHARED/Comment)'), { '/shared/comment' => 'This one is for you!' }, 'names are without case');
    $a->ok('SETMETADATA INBOX (/Shared/COMMENT "x")');
    is(meta($a, 'GETMETADATA INBOX /shared/comment')->{'/shared/comment'}, 'x', 'in SETMETADATA too');
    $a->ok("SETMETADATA INBOX (/shared/comment ~{3+}\r\na\0b)");
    is(meta($a, 'GETMETADATA INBOX /shared/comment')->{'/shared/comment'}, "a\0b", 'any octets');
    $a->ok('SETMETADATA INBOX (/shared/comment "")');
    is(meta($a, 'GETMETADATA INBOX /shared/comment')->{'/shared/comment'}, undef, 'an empty value is none');

    # malformed
    refused($a, $_, qr/^BAD/) for 'GETMETADATA INBOX ()', 'GETMETADATA INBOX', 'GETMETADATA INBOX (/foo/x)', 'GETMETADATA INBOX (comment)', 'GETMETADATA (DEPTH 2) INBOX (/shared)', 'GETMETADATA (FOO 1) INBOX (/shared)',
        'GETMETADATA INBOX /sharedx', 'SETMETADATA INBOX ()', 'SETMETADATA INBOX /shared/comment "x"', 'SETMETADATA INBOX (/foo/x "x")', 'SETMETADATA INBOX (/shared/a*b "x")', 'SETMETADATA INBOX ("/shared/a%b" "x")',
        'SETMETADATA INBOX (/shared//comment "x")', 'SETMETADATA INBOX (/shared/comment/ "x")', 'SETMETADATA INBOX (/shared "x")', 'SETMETADATA INBOX (/shared/comment x)', 'SETMETADATA INBOX (/shared/comment)',
        "SETMETADATA INBOX (\"/shared/co\xe9\" \"x\")", 'SETMETADATA INBOX (/shared/comment "x") y';

    # types; all or nothing
    $a->ok("CREATE $box");
    my %bad = ("$V/expire" => [ qw(-1 abc 1d) ], "$V/sharedseen" => [ qw(yes 1 maybe) ], "$V/pop3showafter" => ['tomorrow'], '/shared/check' => ['x'], '/shared/checkperiod' => ['x'], '/private/specialuse' => ['\\\\Nope', '\\\\All'],
        "$V/search-fuzzy-always" => ['perhaps']);
    for my $e (sort keys %bad) { refused($a, "SETMETADATA $box (/shared/comment \"not set\" $e \"$_\")", qr/^NO \[(CANNOT|USEATTR)\] Invalid annotation/, "$e is not $_") for @{ $bad{$e} } }
    is(meta($a, "GETMETADATA $box /shared/comment")->{'/shared/comment'}, undef, 'one wrong value, and nothing is set');
    my %good = ("$V/expire" => 7, "$V/archive" => 30, "$V/delete" => 5, "$V/squat" => 'true', "$V/sieve" => 'script', "$V/news2mail" => 'a@b', "$V/search-fuzzy-always" => 'on', '/shared/check' => 'true', '/shared/checkperiod' => 5,
        '/shared/sort' => 'DATE', '/shared/thread' => 'REFERENCES', "/private/vendor/cmu/cyrus-imapd/sortorder" => 3, "$V/sharedseen" => 'true', "$V/duplicatedeliver" => 'true', "$V/pop3newuidl" => 'true');
    $a->ok("SETMETADATA $box ($_ \"$good{$_}\")") for sort keys %good;
    is_deeply(meta($a, "GETMETADATA $box (" . join(' ', sort keys %good) . ')'), \%good, 'each entry with a value of its type');
    $a->ok("SETMETADATA $box ($V/pop3showafter \"21-Nov-2026 21:30:00 +0000\")");
    like(meta($a, "GETMETADATA $box $V/pop3showafter")->{"$V/pop3showafter"}, qr/^21-Nov-2026 \d\d:30:00 /, 'a date of the header');
    $a->ok("SETMETADATA $box (" . join(' ', map { "$_ NIL" } sort keys %good) . " $V/pop3showafter NIL)");
    my %now = %{ meta($a, "GETMETADATA $box (" . join(' ', sort keys %good) . " $V/pop3showafter)") };
    is(join(' ', map { "$_=$now{$_}" } grep { defined $now{$_} } sort keys %now), "$V/duplicatedeliver=false $V/pop3newuidl=true $V/sharedseen=false", 'gone, but for those that always have one');
    $d = meta($a, "GETMETADATA $box ($V/uniqueid $V/size $V/partition $V/synccrcs $V/foldermodseq $V/hasalarms $V/lastupdate $V/lastpop)");
    like($d->{"$V/uniqueid"}, qr/^[a-z0-9]{24}$/, 'uniqueid');
    is_deeply([ @$d{ map { "$V/$_" } qw(size partition hasalarms lastpop synccrcs) } ], [ 0, 'default', 'false', undef, '0 12345678' ], 'what the server knows');
    refused($a, "SETMETADATA $box ($V/$_ \"1\")", qr/^NO \[NOPERM\]/) for qw(uniqueid size partition synccrcs foldermodseq annotsize lastupdate lastpop hasalarms);
    refused($a, "SETMETADATA $box (/private/vendor/cmu/cyrus-imapd/expire \"1\")", qr/^NO \[NOPERM\]/);
    refused($a, "SETMETADATA $box (/shared/nosuch \"1\")", qr/^NO \[NOPERM\]/, 'undefined entries are refused');
    refused($a, [ "SETMETADATA $box (/shared/comment ", \('x' x 65537), ')' ], qr/^NO \[METADATA MAXSIZE 65536\]/, 'too large');

    # rights of RFC 5464 3.3
    my %may = (l => '', r => '', lr => 'gp', ls => 'gp', li => 'gp', lp => 'gp', lw => 'gps', lk => '', la => '', lrw => 'gps', lrswipkxtea => 'gps', rswip => '');
    for my $rights (sort keys %may) {
        $a->ok("SETACL $box bob $rights");
        my $hidden = $rights !~ /l/;
        my %do = (g => "GETMETADATA $theirs /shared/comment", p => "SETMETADATA $theirs (/private/comment \"of bob\")", s => "SETMETADATA $theirs (/shared/comment \"by bob\")");
        for my $k (sort keys %do) {
            my $want = $may{$rights} =~ /$k/ ? qr/^OK/ : $hidden ? qr/^NO \[NONEXISTENT\] Mailbox does not exist/ : qr/^NO \[NOPERM\]/;
            refused($b, $do{$k}, $want, "$rights: $do{$k}");
        }
    }
    $a->ok("SETACL $box bob lrw");
    refused($b, "SETMETADATA $theirs ($V/$_ \"5\")", qr/^NO \[NOPERM\]/, "w is not enough for $_") for qw(expire archive delete);
    $b->ok("SETMETADATA $theirs ($V/sharedseen \"true\")");
    is_deeply(meta($a, "GETMETADATA $box (/private/comment /shared/comment)"), { '/private/comment' => undef, '/shared/comment' => 'by bob' }, "another's private value is not shown");
    is(meta($b, "GETMETADATA $theirs /private/comment")->{'/private/comment'}, 'of bob', 'but to him');
    $a->ok("DELETEACL $box bob");
    refused($b, "GETMETADATA $theirs (/shared/comment)", qr/^NO \[NONEXISTENT\]/, 'a stranger');
    refused($b, "GETMETADATA nosuch (/shared/comment)", qr/^NO \[NONEXISTENT\]/, 'the same as what does not exist');
    is(scalar(grep { /^\* METADATA/ } @{ $b->cmd("GETMETADATA * (/shared/comment)")->{untagged} }), 1, 'a pattern finds what he may see');
    $adm->ok("SETMETADATA user${sep}alice${sep}Work ($V/expire \"9\" /private/comment \"of cyrus\")");
    is_deeply(meta($adm, "GETMETADATA user${sep}alice${sep}Work ($V/expire /private/comment)"), { "$V/expire" => 9, '/private/comment' => 'of cyrus' }, 'an administrator');
    # 3.6.1 died of this
    $adm->ok("CREATE shared");
    $adm->ok("SETMETADATA shared ($V/expire \"5\" /shared/comment \"c\")");
    is(meta($adm, "GETMETADATA shared $V/expire")->{"$V/expire"}, 5, 'an administrator, a mailbox that belongs to nobody');

    # the server
    refused($a, 'SETMETADATA "" (/shared/comment "x")', qr/^NO \[NOPERM\]/);
    refused($a, 'SETMETADATA "" (/private/admin "x")', qr/^NO \[NOPERM\]/);
    $a->ok('SETMETADATA "" (/private/comment "my server")');
    is(meta($a, 'GETMETADATA "" /private/comment')->{'/private/comment'}, 'my server', 'private, of the server');
    is(meta($b, 'GETMETADATA "" /private/comment')->{'/private/comment'}, undef, 'for its user only');
    $adm->ok('SETMETADATA "" (/shared/comment "a server" /shared/admin "mailto:x@example.org" /shared/vendor/cmu/cyrus-imapd/expire "30")');
    is_deeply(meta($b, 'GETMETADATA "" (/shared/comment /shared/admin)'), { '/shared/comment' => 'a server', '/shared/admin' => 'mailto:x@example.org' }, 'everybody may read');
    like(meta($b, "GETMETADATA \"\" $V/freespace/total")->{"$V/freespace/total"}, qr/^\d+;\d+$/, 'freespace/total');
    like(meta($b, "GETMETADATA \"\" $V/freespace")->{"$V/freespace"}, qr/^\d+$/, 'freespace');
    refused($adm, "SETMETADATA \"\" ($V/freespace \"1\")", qr/^NO \[NOPERM\]/);
    refused($adm, "SETMETADATA \"\" ($V/expire \"x\")", qr/^NO \[CANNOT\]/);
    $adm->ok('SETMETADATA "" (/shared/motd "Hello, all")');
    is(join('', do { open my $fh, '<', $i->path('conf/msg/motd') or die; <$fh> }), "Hello, all\n", 'motd is a file');
    my $n = $i->imap;
    is($n->line, '* OK [ALERT] Hello, all', 'that is shown behind the greeting');
    $n->ok('LOGIN bob secret');
    is(meta($n, 'GETMETADATA "" /shared/motd')->{'/shared/motd'}, 'Hello, all', 'and as an annotation');
    $adm->ok('SETMETADATA "" (/shared/motd NIL)');
    ok(!-e $i->path('conf/msg/motd'), 'removed');
    $adm->ok("SETMETADATA \"\" ($V/shutdown NIL)");
    $adm->ok("SETMETADATA \"\" ($V/shutdown \"Tea time\")");
    like($i->imap->{greeting}, qr/^\* BYE .*Tea time/, 'shutdown keeps everybody out');
    is($i->faults, '', 'no process reported a fault');
}

# special uses by SETMETADATA; quota; what is counted
my $i = Halcyon::Test->new;
$i->create_users('alice');
my ($a, $adm) = map { $i->imap(user => $_) } qw(alice cyrus);
$a->ok("CREATE INBOX.$_") for 'a', 'b';
$a->ok('SETMETADATA INBOX.a (/private/specialuse "\\\\sent")');
is(meta($a, 'GETMETADATA INBOX.a /private/specialuse')->{'/private/specialuse'}, '\\Sent', 'in its usual spelling');
refused($a, 'SETMETADATA INBOX.b (/private/specialuse "\\\\Junk \\\\Sent")', qr/^NO \[USEATTR\] SPECIAL-USE flag conflict/);
refused($a, 'SETMETADATA INBOX.b (/shared/specialuse "\\\\Junk")', qr/^NO \[NOPERM\]/);
$a->ok('SETMETADATA INBOX.b (/private/specialuse "Drafts \\\\Junk")');
$a->ok('SETMETADATA INBOX.a (/private/specialuse "\\\\Sent")');
$adm->ok('SETQUOTA user.alice (X-ANNOTATION-STORAGE 1)');
$a->ok('SETMETADATA INBOX (/private/comment "' . 'x' x 900 . '")');
refused($a, 'SETMETADATA INBOX.a (/shared/comment "' . 'y' x 200 . '")', qr/^NO \[OVERQUOTA\]/);
$a->ok('SETMETADATA INBOX (/private/comment "' . 'x' x 1000 . '")');
is_deeply([ $adm->ok('GETQUOTA user.alice') ], ['* QUOTA user.alice (X-ANNOTATION-STORAGE 0 1 ANNOTATION-STORAGE 0 1)'], 'counted once');
my ($status, $text) = $i->run('quota', 'user.alice');
like($text, qr/X-ANNOTATION-STORAGE/, 'quota shows it');
($status, $text) = $i->run('quota', '-f');
unlike($text, qr/usage was/, 'and has nothing to mend');
is($i->faults, '', 'no process reported a fault');
$i->stop;

# entries of the site; undefined ones; too many
my $defs = Halcyon::Test->new(nostart => 1, conf => { annotation_definitions => '/nosuch', annotation_allow_undefined => 'no' });
my $file = $defs->path('definitions');
open my $fh, '>', $file or die;
print {$fh} "# site\n\n/vendor/example/colour, mailbox, string, backend, value.shared value.priv, a\n/vendor/example/count, server, uint, proxy_and_backend, value,\n/nonsense\n/vendor/example/m, message, string, backend, value.shared,\n";
close $fh;
chmod 0644, $file;
$defs->rewrite('imapd.conf', sub { s{/nosuch}{$file} });
$defs->start;
$defs->create_users('alice', 'bob');
($a, $adm) = map { $defs->imap(user => $_) } qw(alice cyrus);
my $b = $defs->imap(user => 'bob');
$a->ok('SETMETADATA INBOX (/shared/vendor/example/colour "red" /private/vendor/example/colour "blue")');
is_deeply(meta($a, 'GETMETADATA INBOX ("/shared/vendor/example/*" "/private/vendor/example/*")'), { '/shared/vendor/example/colour' => 'red', '/private/vendor/example/colour' => 'blue' }, 'a defined entry');
$a->ok('SETACL INBOX bob lrw');
refused($b, 'SETMETADATA user.alice (/shared/vendor/example/colour "x")', qr/^NO \[NOPERM\]/, 'needs its right');
refused($adm, 'SETMETADATA "" (/shared/vendor/example/count "x")', qr/^NO \[CANNOT\]/, 'has its type');
$adm->ok('SETMETADATA "" (/shared/vendor/example/count "4")');
refused($a, 'SETMETADATA INBOX (/shared/vendor/example/m "x")', qr/^NO \[NOPERM\]/, 'one of messages is none of mailboxes');
$defs->stop;
$i = Halcyon::Test->new(conf => { annotation_allow_undefined => 'yes' });
$i->create_users('alice');
$a = $i->imap(user => 'alice');
$a->ok('SETMETADATA INBOX (/shared/any/name "1")');
is(meta($a, 'GETMETADATA INBOX /shared/any/name')->{'/shared/any/name'}, 1, 'annotation_allow_undefined');
for my $n (1 .. 10) { $a->ok("SETMETADATA INBOX (" . join(' ', map { "/private/n/$n-$_ \"v\"" } 1 .. 199) . ')') }
refused($a, 'SETMETADATA INBOX (' . join(' ', map { "/private/n/11-$_ \"v\"" } 1 .. 20) . ')', qr/^NO \[METADATA TOOMANY\]/);
is(meta($a, 'GETMETADATA INBOX /private/n/11-1')->{'/private/n/11-1'}, undef, 'none of them was set');
is($i->faults, '', 'no process reported a fault');
done_testing;
