# imap_mailbox.t - CREATE DELETE RENAME LIST LSUB SUBSCRIBE STATUS NAMESPACE in every namespace setting
# rfc: 2342 NAMESPACE
# covers: NS-01 NS-02 NS-03 NS-04 NS-05 NS-06 NS-07 NS-12 NS-15 NS-16 NS-17 NS-29 NS-30 NS-31 PT-25 ST-09
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

# settings: altnamespace, unixhierarchysep, prefix of own folders, separator, other users, shared
my @modes = (
    [ 'no',  'no',  'INBOX.', '.', 'user.',       '' ],
    [ 'no',  'yes', 'INBOX/', '/', 'user/',       '' ],
    [ 'yes', 'no',  '',       '.', 'Other Users.', 'Shared Folders.' ],
    [ 'yes', 'yes', '',       '/', 'Other Users/', 'Shared Folders/' ],
);

sub names {
    my ($word, @lines) = @_;
    my @n;
    for (@lines) {
        next unless /^\* $word \(([^)]*)\) "(.)" (?:"([^"]*)"|(\S+))/;
        push @n, defined $3 ? $3 : $4;
    }
    return join '|', @n;
}

for my $m (@modes) {
    my ($alt, $unix, $own, $sep, $other, $shared) = @$m;
    my $name = "alt $alt unix $unix";
    my $i = Halcyon::Test->new(conf => { altnamespace => $alt, unixhierarchysep => $unix });
    $i->create_users(qw(alice bob));
    my $a = $i->imap(user => 'alice');

    my ($ns) = $a->ok('NAMESPACE');
    is($ns, qq{* NAMESPACE (("$own" "$sep")) (("$other" "$sep")) (("$shared" "$sep"))}, "$name: NAMESPACE");

    my $r = $a->cmd(qq{CREATE "${own}Work${sep}Old"});
    is($r->{status}, 'OK', "$name: CREATE with a missing parent") or diag $r->{text};
    is(names('LIST', $a->ok('LIST "" "*"')), join('|', 'INBOX', "${own}Work", "${own}Work${sep}Old"), "$name: parent is real");
    is($a->cmd(qq{CREATE "${own}Work"})->{text} =~ /^\[ALREADYEXISTS\]/ ? 1 : 0, 1, "$name: CREATE twice");
    is($a->cmd('CREATE INBOX')->{status}, 'NO', "$name: CREATE INBOX");
    for my $bad ("${own}a${sep}${sep}b", "${own}a*b", "${own}a%b", "${own}a&b", "${own}x\x01y") {
        is($a->cmd('CREATE ', \$bad)->{status}, 'NO', "$name: CREATE refused: " . ($bad =~ s/[^ -~]/?/gr));
    }
    is($a->cmd(qq{CREATE "${own}caf&AOk-"})->{status}, 'OK', "$name: modified UTF-7");
    is($a->cmd(qq{CREATE "${own}work"})->{status}, 'OK', "$name: names differ by case");

    $a->ok(qq{SUBSCRIBE "${own}Work"});
    $a->ok('SUBSCRIBE INBOX');
    is(names('LSUB', $a->ok('LSUB "" "*"')), "INBOX|${own}Work", "$name: LSUB");
    is($a->cmd(qq{SUBSCRIBE "${own}Missing"})->{status}, 'NO', "$name: SUBSCRIBE of what is not there");
    my ($l) = grep { /Work"?$/ } $a->ok('LIST (SUBSCRIBED) "" "*" RETURN (CHILDREN)');
    like($l, qr/\\Subscribed/, "$name: LIST (SUBSCRIBED)");
    like($l, qr/\\HasChildren/, "$name: RETURN (CHILDREN)");
    $a->ok(qq{UNSUBSCRIBE "${own}Work"});
    is(names('LSUB', $a->ok('LSUB "" "*"')), 'INBOX', "$name: UNSUBSCRIBE");

    is(names('LIST', $a->ok(qq{LIST "" "${own}%"})), join('|', $own eq '' ? 'INBOX' : (), map { "$own$_" } 'Work', 'caf&AOk-', 'work'),
       "$name: % stops at the separator");
    is(names('LIST', $a->ok('LIST "" ""')), '', "$name: LIST of nothing");

    my @st = $a->ok(qq{LIST "" "${own}Work" RETURN (STATUS (MESSAGES UIDNEXT))});
    like($st[1] // '', qr/^\* STATUS "?\Q${own}Work\E"? \(MESSAGES 0 UIDNEXT 1\)$/, "$name: LIST-STATUS");
    my ($s) = $a->ok(qq{STATUS "${own}Work" (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)});
    like($s, qr/\(MESSAGES 0 RECENT 0 UIDNEXT 1 UIDVALIDITY \d+ UNSEEN 0\)/, "$name: STATUS");
    is($a->cmd(qq{STATUS "${own}Work" (NOSUCH)})->{status}, 'BAD', "$name: unknown STATUS item");

    $r = $a->cmd(qq{RENAME "${own}Work" "${own}Job"});
    is($r->{status}, 'OK', "$name: RENAME");
    is(scalar(grep { /^\* OK rename / } @{ $r->{untagged} }), 2, "$name: children go along");
    is(names('LIST', $a->ok(qq{LIST "" "${own}Job*"})), "${own}Job|${own}Job${sep}Old", "$name: after RENAME");
    is($a->cmd(qq{RENAME "${own}Nope" "${own}x"})->{status}, 'NO', "$name: RENAME of nothing");

    $a->ok('APPEND INBOX ', \"Subject: 1\r\n\r\nx\r\n");
    $a->ok(qq{RENAME INBOX "${own}Moved"});
    ($s) = $a->ok('STATUS INBOX (MESSAGES)');
    like($s, qr/MESSAGES 0/, "$name: RENAME INBOX leaves it empty");
    ($s) = $a->ok(qq{STATUS "${own}Moved" (MESSAGES)});
    like($s, qr/MESSAGES 1/, "$name: and moves its messages");

    is($a->cmd(qq{DELETE "${own}Job${sep}Old"})->{status}, 'OK', "$name: DELETE");
    is($a->cmd(qq{DELETE "${own}Job${sep}Old"})->{status}, 'NO', "$name: DELETE twice");
    is($a->cmd('DELETE INBOX')->{status}, 'NO', "$name: own INBOX stays");
    unlike(names('LIST', $a->ok('LIST "" "*"')), qr/DELETED/, "$name: deleted mailboxes are not shown");

    # what others see
    my $b = $i->imap(user => 'bob');
    is(names('LIST', $b->ok('LIST "" "*"')), 'INBOX', "$name: nothing of alice");
    is($b->cmd(qq{SELECT "${other}alice"})->{status}, 'NO', "$name: nor by name");
    like($b->cmd(qq{SELECT "${other}alice"})->{text}, qr/NONEXISTENT/, "$name: not even that it exists");
    $a->ok(qq{SETACL "${own}Job" bob lr});
    is(names('LIST', $b->ok('LIST "" "*"')), "INBOX|${other}alice${sep}Job", "$name: shared by ACL");
    is($b->cmd(qq{SELECT "${other}alice${sep}Job"})->{status}, 'OK', "$name: and selectable");

    # shared mailboxes and the administrator
    my $adm = $i->imap(user => 'cyrus');
    is($adm->cmd(qq{CREATE "news${sep}local"})->{status}, 'OK', "$name: admin makes a shared folder");
    like(names('LIST', $adm->ok('LIST "" "*"')), qr/(^|\|)user\Q$sep\Ealice(\||$)/, "$name: admin sees user names");
    like(names('LIST', $b->ok('LIST "" "*"')), qr/\Q${shared}\Enews\Q${sep}\Elocal/, "$name: shared folder visible to all");
    is($b->cmd(qq{CREATE "${shared}mine"})->{status}, 'NO', "$name: users make no shared folders");
    if ($alt eq 'yes') {
        my ($top) = grep { /Shared Folders"?$/ } $b->ok('LIST "" "%"');
        like($top // '', qr/\\Noselect/, "$name: the prefix itself is \\Noselect");
    }

    # deletion of a user takes everything
    $adm->ok(qq{SETACL "user${sep}alice" cyrus +x});
    is($adm->cmd(qq{DELETE "user${sep}alice"})->{status}, 'OK', "$name: admin deletes a user");
    unlike(names('LIST', $adm->ok('LIST "" "*"')), qr/(^|\|)user\Q$sep\Ealice/, "$name: with all mailboxes");
    is($i->faults, '', "$name: no faults");
    $i->stop;
}
done_testing;
