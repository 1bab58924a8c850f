# imap_multisearch.t - one search in many mailboxes
# rfc: 7377 MULTISEARCH
# covers: IM-04 IM-30 AC-03
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

sub message { return "From: a\@x\r\nSubject: $_[0]\r\n\r\nbody\r\n" }

for my $variant ([ 'no', 'no' ], [ 'yes', 'no' ], [ 'no', 'yes' ], [ 'yes', 'yes' ]) {
    my ($alt, $unix) = @$variant;
    my $i = Halcyon::Test->new(conf => { altnamespace => $alt, unixhierarchysep => $unix });
    $i->create_users('alice', 'bob');
    my $sep = $unix eq 'yes' ? '/' : '.';
    my $name = sub {            # a name below the own INBOX, or one of another user: "bob:x.y"
        my ($n) = @_;
        my $other = $n =~ s/^(\w+):// ? ($alt eq 'yes' ? "Other Users.$1." : "user.$1.") : $n eq 'INBOX' || $alt eq 'yes' ? '' : 'INBOX.';
        $n = $n eq '' ? $other =~ s/\.$//r : "$other$n";
        $n =~ s/\./$sep/g;
        return $n =~ / / ? "\"$n\"" : $n;
    };
    my $c = $i->imap(user => 'alice');
    my $b = $i->imap(user => 'bob');
    my $what = "alt $alt, unix $unix";
    $c->ok('CREATE ' . $name->($_)) for qw(folder1 folder2 folder2.banana folder2.banana.split folder2.peach folder3);
    $c->ok('APPEND ' . $name->($_->[0]) . ' ' . ($_->[2] // ''), \message($_->[1])) for [ 'INBOX', 'chad' ], [ 'folder1', 'chad' ], [ 'folder1', 'other', '(\Seen) ' ], [ 'folder1', 'third' ],
        [ 'folder2.banana', 'chad' ], [ 'folder2.banana.split', 'chad' ], [ 'folder2.peach', 'other' ], [ 'folder3', 'chad', '(\Seen) ' ];
    $b->ok('CREATE ' . $name->($_)) for qw(open nolookup noread);
    $b->ok('APPEND ' . $name->($_) . ' ', \message('chad')) for qw(open nolookup noread);
    $b->ok('SETACL ' . $name->('open') . ' alice lrs');
    $b->ok('SETACL ' . $name->('nolookup') . ' alice r');
    $b->ok('SETACL ' . $name->('noread') . ' alice l');
    $c->ok('SUBSCRIBE ' . $name->($_)) for 'folder3', 'bob:open';

    # responses as "name set", sorted
    my $ask = sub {
        my ($command) = @_;
        my $r = $c->cmd($command);
        return $r->{status} if $r->{status} ne 'OK';
        return join ' | ', sort map {
            /^\* ESEARCH \(TAG "\w+" MAILBOX ("[^"]*"|\S+) UIDVALIDITY (\d+)\) UID (.*)$/ && $2 > 0 ? "$1 $3" : /^\* (?:\d+ (?:EXISTS|RECENT)|OK \[HIGHESTMODSEQ)/ ? () : "?? $_"
        } @{ $r->{untagged} };
    };
    my $expect = sub { return join ' | ', sort map { $name->($_->[0]) . " $_->[1]" } @_ };
    my $n = $name;
    is($ask->('ESEARCH IN (mailboxes "' . ($n->('folder1')) . '" subtree "' . $n->('folder2') . '") unseen'),
       $expect->([ 'folder1', 'ALL 1,3' ], [ 'folder2.banana', 'ALL 1' ], [ 'folder2.banana.split', 'ALL 1' ], [ 'folder2.peach', 'ALL 1' ]), "$what: tag1 of the example");
    is($ask->('ESEARCH IN (mailboxes "' . $n->('folder1') . '" subtree-one "' . $n->('folder2') . '") subject "chad"'),
       $expect->([ 'folder1', 'ALL 1' ], [ 'folder2.banana', 'ALL 1' ]), "$what: tag2");
    is($ask->('ESEARCH IN (personal) RETURN (COUNT) SUBJECT chad'),
       $expect->(map { [ $_, 'COUNT 1' ] } qw(INBOX folder1 folder2.banana folder2.banana.split folder3)), "$what: personal");
    is($ask->('ESEARCH IN (Inboxes) RETURN (COUNT) SUBJECT chad'),
       $expect->(map { [ $_, 'COUNT 1' ] } qw(INBOX folder1 folder2.banana folder2.banana.split folder3)), "$what: inboxes");
    is($ask->('ESEARCH IN (subscribed) SUBJECT chad'), $expect->([ 'folder3', 'ALL 1' ], [ 'bob:open', 'ALL 1' ]), "$what: subscribed");
    is($ask->('ESEARCH IN (mailboxes (' . join(' ', map { $n->($_) } 'bob:open', 'bob:nolookup', 'bob:noread', 'bob:', 'nosuch') . ')) ALL'),
       $expect->([ 'bob:open', 'ALL 1' ], [ 'bob:nolookup', 'ALL 1' ]), "$what: named: r suffices, others are passed over");
    is($ask->('ESEARCH IN (subtree ' . $n->('bob:') . ') ALL'), $expect->([ 'bob:open', 'ALL 1' ]), "$what: not named: l and r");
    is($ask->('ESEARCH IN (mailboxes ' . $n->('folder2') . ' subtree-one (' . $n->('folder2') . ' ' . $n->('folder3') . ')) RETURN (MIN MAX COUNT) ALL'),
       $expect->([ 'folder2.banana', 'MIN 1 MAX 1 COUNT 1' ], [ 'folder2.peach', 'MIN 1 MAX 1 COUNT 1' ], [ 'folder3', 'MIN 1 MAX 1 COUNT 1' ]), "$what: twice named, searched once; nothing in an empty one");
    is($ask->('ESEARCH IN (subtree INBOX) SUBJECT chad'), $alt eq 'yes' ? $expect->([ 'INBOX', 'ALL 1' ]) : $expect->(map { [ $_, 'ALL 1' ] } qw(INBOX folder1 folder2.banana folder2.banana.split folder3)), "$what: below INBOX as the client sees it");
    is($ask->('ESEARCH IN (personal) DELETED'), '', "$what: nothing found, nothing told");
    is($ask->($_), 'BAD', "$what: nothing is selected: $_") for 'ESEARCH ALL', 'ESEARCH IN (selected) ALL', 'ESEARCH IN (selected personal) ALL', 'ESEARCH IN (personal) RETURN (UPDATE) ALL';
    if ($alt eq 'no' && $unix eq 'no') {
        is($ask->("ESEARCH $_"), 'BAD', "refused: $_") for 'IN () ALL', 'IN (nosuch) ALL', 'IN (selected-delayed) ALL', 'IN (personal) RETURN (SAVE) ALL', 'IN (mailboxes) ALL', 'IN (mailboxes ()) ALL', 'IN personal ALL',
            'IN (personal)', 'IN (personal) NOSUCH', 'IN (personal) RETURN (NOSUCH) ALL', 'IN (personal (option)) ALL', '';
        like($c->cmd('ESEARCH IN (personal) CHARSET X-NOSUCH TEXT x')->{text}, qr/^\[BADCHARSET/, 'charset');
        # selected
        $c->ok('SELECT INBOX.folder1');
        is($ask->('ESEARCH UNSEEN'), 'INBOX.folder1 ALL 1,3', 'selected by default');
        is($ask->('ESEARCH RETURN (MIN) ALL'), 'INBOX.folder1 MIN 1', 'with a result option');
        is($ask->('UID ESEARCH FROM a@x 1:2'), 'INBOX.folder1 ALL 1:2', 'message numbers');
        is($ask->('ESEARCH FROM a@x 101:200'), '', '... beyond the end');
        is($ask->('ESEARCH IN (selected) RETURN (SAVE COUNT) UNSEEN'), 'INBOX.folder1 COUNT 2', 'SAVE');
        is(join(',', map { /UID (\d+)/ } $c->ok('FETCH $ UID')), '1,3', '... kept');
        is($ask->('ESEARCH IN (selected) RETURN (SAVE) DELETED'), '', 'SAVE of nothing');
        is(scalar(grep { /FETCH/ } $c->ok('FETCH $ UID')), 0, '... empties it');
        is($ask->('ESEARCH IN (selected personal) RETURN (SAVE) UNSEEN'), 'BAD', 'SAVE with others');
        is($ask->('ESEARCH IN (selected mailboxes INBOX.folder1 personal) SUBJECT chad RETURN'), 'BAD', 'options behind the program');
        is($ask->('ESEARCH IN (selected mailboxes INBOX.folder1) SUBJECT chad'), 'INBOX.folder1 ALL 1', 'selected and named');
        is($ask->('ESEARCH IN (personal) RETURN (PARTIAL 2:5) ALL'), join(' | ', sort 'INBOX PARTIAL (2:5 NIL)', (map { "INBOX.$_ PARTIAL (2:5 NIL)" } qw(folder2.banana folder2.banana.split folder2.peach folder3)), 'INBOX.folder1 PARTIAL (2:5 2:3)'), 'PARTIAL for each');
        like($ask->('ESEARCH IN (personal) MODSEQ 1'), qr/^INBOX ALL 1 MODSEQ \d+ \| INBOX\.folder1 ALL 1:3 MODSEQ \d+ \| /, 'MODSEQ');
        # keywords and "*" are those of each mailbox
        $c->ok('STORE 3 +FLAGS (only)');
        $c->ok('UNSELECT');
        $c->ok('SELECT INBOX.folder3');
        $c->ok('STORE 1 +FLAGS (x1 x2 only)');
        is($ask->('ESEARCH IN (personal) KEYWORD only'), 'INBOX.folder1 ALL 3 | INBOX.folder3 ALL 1', 'keywords have numbers of their own');
        is($ask->('ESEARCH IN (personal) UID *'), 'INBOX ALL 1 | INBOX.folder1 ALL 3 | INBOX.folder2.banana ALL 1 | INBOX.folder2.banana.split ALL 1 | INBOX.folder2.peach ALL 1 | INBOX.folder3 ALL 1', 'the last of each');
        # UPDATE is for the selected one
        is($ask->('ESEARCH IN (personal) RETURN (UPDATE COUNT) UNSEEN') =~ tr/|//, 4, 'UPDATE');
        $c->ok('STORE 1 -FLAGS.SILENT (\Seen)') ;
        my ($told) = grep { /ADDTO|REMOVEFROM/ } $c->ok('STORE 1 +FLAGS.SILENT (\Seen)');
        like($told, qr/UID REMOVEFROM \(0 1\)$/, '... is kept up to date');
        like(join('', @{ $c->cmd('ESEARCH IN (mailboxes INBOX) RETURN (UPDATE COUNT) ALL')->{untagged} }), qr/NO \[NOUPDATE/, '... only that');
        # searching leaves other mailboxes as they are
        my ($recent) = $c->ok('STATUS INBOX.folder2.peach (RECENT UNSEEN)');
        is($recent, '* STATUS INBOX.folder2.peach (RECENT 1 UNSEEN 1)', '\Recent is not taken by a search');
        # the other's \Seen is not mine
        $b->ok('SELECT INBOX.open');
        $b->ok('STORE 1 +FLAGS (\Seen)');
        is($ask->('ESEARCH IN (mailboxes user.bob.open) UNSEEN'), 'user.bob.open ALL 1', 'own \Seen in a mailbox of another');
        like($c->cmd('CAPABILITY')->{untagged}[0], qr/ MULTISEARCH /, 'advertised');
        my $admin = $i->imap(user => 'cyrus');
        is(scalar(grep { /^\* ESEARCH/ } $admin->ok('ESEARCH IN (subtree user.alice) ALL')), 0, 'an administrator needs r as well');
    }
    $i->stop;
    is($i->faults, '', "$what: no fault");
}
done_testing;
