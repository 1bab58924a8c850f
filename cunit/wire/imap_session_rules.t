# imap_session_rules.t - who may log in and how, what a session may send, and what ends it, as imapd.conf says
# covers: AU-08 AU-10 AU-15 AU-17 AU-18 AU-24 AU-25 AU-26 IM-27
use strict;
use warnings;
use File::Temp;
use MIME::Base64;
use Test::More;
use Halcyon::Test;

my @faults;
sub with {
    my ($conf, $code, %o) = @_;
    my $i = Halcyon::Test->new(conf => $conf, nostart => 1, %o);
    $o{before}->($i) if $o{before};
    $i->start;
    $i->create_users(qw(alice bob)) unless $o{no_users};
    $code->($i);
    $i->stop;
    push @faults, grep { $_ ne '' } $i->faults;
}
sub put {
    my ($i, $name, $text) = @_;
    Halcyon::Test::_write("$i->{dir}/conf/$name", $text);
    chmod 0644, "$i->{dir}/conf/$name";
}
sub open_ { my ($i, @o) = @_; return Halcyon::Client->imap(port => $i->{port}{imap}, @o) }
sub answer { my ($r) = @_; return join ' | ', @{ $r->{untagged} }, "$r->{status} $r->{text}" }
sub plain { my ($c, @parts) = @_; return $c->cmd('AUTHENTICATE PLAIN ' . encode_base64(join("\0", @parts), '')) }

# ---- messages to everybody
with({ plaintextloginalert => 'Use TLS' }, sub {
    my ($i) = @_;
    my $c = open_($i);
    is($c->line, '* OK [ALERT] Going on holiday', 'msg/motd: first line, after the greeting');
    like(answer($c->cmd('LOGIN alice secret')), qr/^\* OK \[ALERT\] Use TLS \| OK \[CAPABILITY.* User logged in SESSIONID=<.*>$/, 'plaintextloginalert');
}, before => sub { put($_[0], 'msg/motd', "Going on holiday\nnot this\n") });
with({}, sub {
    my ($i) = @_;
    is(open_($i)->{greeting}, '* BYE Back at noon', 'msg/shutdown: in place of the greeting');
}, before => sub { put($_[0], 'msg/shutdown', "Back at noon\nnot this\n") }, no_users => 1);

# ---- anonymous, proxy authorisation, loginuseacl
with({}, sub {
    my ($i) = @_;
    my $c = open_($i);
    unlike($c->{greeting}, qr/AUTH=ANONYMOUS/, 'ANONYMOUS is not offered');
    is(answer($c->cmd('AUTHENTICATE ANONYMOUS bWU=')), 'NO [CANNOT] no mechanism available', 'nor possible');
    $c = open_($i);
    is(answer($c->cmd('LOGIN anonymous me@example.org')), 'NO [AUTHORIZATIONFAILED] Anonymous login is not permitted', 'nor by LOGIN');
    $c = open_($i);
    is(answer(plain($c, 'bob', 'alice', 'secret')), 'NO [AUTHORIZATIONFAILED] not authorized', 'alice is not bob');
    like(answer(plain($c, 'alice', 'alice', 'secret')), qr/^OK /, 'but alice');
    $c = open_($i);
    like(answer(plain($c, 'alice', 'cyrus', 'secret')), qr/^OK /, 'an administrator may act as alice');
    is($c->cmd('CREATE user.carol')->{status}, 'NO', 'and has her rights, not his');
    is(($c->ok('STATUS INBOX (MESSAGES)'))[0], '* STATUS INBOX (MESSAGES 0)', 'her INBOX');
    $c = open_($i);
    is(plain($c, 'nosuch', 'cyrus', 'wrong')->{status}, 'NO', 'with the right password only');
});
with({ allowanonymouslogin => 'yes', sasl_mech_list => 'PLAIN ANONYMOUS', proxyservers => 'bob', loginuseacl => 'yes' }, sub {
    my ($i) = @_;
    my $c = open_($i);
    like($c->{greeting}, qr/ AUTH=ANONYMOUS/, 'ANONYMOUS is offered');
    like(answer($c->cmd('AUTHENTICATE ANONYMOUS ' . encode_base64('me@example.org', ''))), qr/^OK /, 'and possible');
    is($c->cmd('SELECT INBOX')->{status}, 'NO', 'without an INBOX');
    is($c->cmd('CREATE top')->{status}, 'NO', 'and without rights');
    $c = open_($i);
    like(answer(plain($c, 'alice', 'bob', 'secret')), qr/^OK /, 'proxyservers');
    $c = open_($i);
    is(plain($c, 'bob', 'alice', 'secret')->{status}, 'NO', 'loginuseacl: not without the right a');
    $i->imap(user => 'cyrus')->ok('SETACL user.bob alice a');
    like(answer(plain(open_($i), 'bob', 'alice', 'secret')), qr/^OK /, 'loginuseacl: with it');
});

# ---- a client's certificate
SKIP: {
    my $dir = File::Temp::tempdir(CLEANUP => 1);
    my $ssl = sub { return system("openssl @_ >/dev/null 2>&1") == 0 };
    $ssl->("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout $dir/ca.key -out $dir/ca.pem")
        && $ssl->("req -newkey rsa:2048 -nodes -subj /CN=alice -keyout $dir/alice.key -out $dir/alice.csr")
        && $ssl->("x509 -req -in $dir/alice.csr -CA $dir/ca.pem -CAkey $dir/ca.key -CAcreateserial -days 2 -out $dir/alice.pem")
        or skip 'openssl makes no certificates', 6;
    chmod 0755, $dir;
    chmod 0644, "$dir/ca.pem";
    with({ tls_client_ca_file => "$dir/ca.pem", tls_client_certs => 'optional', sasl_mech_list => 'PLAIN EXTERNAL' }, sub {
        my ($i) = @_;
        my $dial = sub {
            my $s = Halcyon::Client::_openssl('-connect', "localhost:$i->{port}{imaps}", @_);
            binmode $s;
            my $c = bless { sock => $s, buf => '', tag => 0 }, 'Halcyon::Client';
            $c->{greeting} = $c->response;
            return $c;
        };
        my $c = $dial->('-cert', "$dir/alice.pem", '-key', "$dir/alice.key");
        like($c->{greeting}, qr/ AUTH=EXTERNAL/, 'EXTERNAL is offered to a client with a certificate');
        like(answer($c->cmd('AUTHENTICATE EXTERNAL =')), qr/^OK .*User logged in/, 'and lets it in');
        is(($c->ok('STATUS INBOX (MESSAGES)'))[0], '* STATUS INBOX (MESSAGES 0)', 'as the user of the certificate');
        $c->ok('UNAUTHENTICATE');
        like(answer($c->cmd('AUTHENTICATE EXTERNAL ' . encode_base64('alice', ''))), qr/^OK /, 'again after UNAUTHENTICATE (RFC 8437 4.2)');
        $c = $dial->('-cert', "$dir/alice.pem", '-key', "$dir/alice.key");
        is($c->cmd('AUTHENTICATE EXTERNAL ' . encode_base64('bob', ''))->{status}, 'NO', 'not as another user');
        $c = $dial->();
        unlike($c->{greeting}, qr/AUTH=EXTERNAL/, 'not to one without');
    }, tls => 1);
}

# ---- realms, numbers of sessions, denied users
with({ loginrealms => 'example.net', virtdomains => 'off', maxlogins_per_user => 2 }, sub {
    my ($i) = @_;
    my $c = open_($i);
    is($c->cmd('LOGIN alice@other.net secret')->{status}, 'NO', 'a realm that is not in loginrealms');
    my @c = map { $i->imap(user => 'alice') } 1 .. 2;
    $c = open_($i);
    is(answer($c->cmd('LOGIN alice secret')), 'NO [LIMIT] Too many open connections for this user', 'maxlogins_per_user');
    like(answer($c->cmd('LOGIN bob secret')), qr/^OK/, 'each user has his own number');
    $c[0]->logout;
    my $ok = 0;
    for (1 .. 100) {                            # the process tells of the end after its last byte
        $ok ||= open_($i)->cmd('LOGIN alice secret')->{status} eq 'OK';
        last if $ok;
        select undef, undef, undef, 0.05;
    }
    ok($ok, 'one has left, another comes in');
});
with({ maxlogins_per_host => 1 }, sub {
    my ($i) = @_;
    my $first = open_($i);
    $first->login(alice => 'secret');
    is(answer(open_($i)->cmd('LOGIN bob secret')), 'NO [LIMIT] Too many open connections from your host', 'maxlogins_per_host');
}, no_users => 1);
with({ userdeny_db => 'flat' }, sub {
    my ($i) = @_;
    my $c = open_($i);
    is(answer($c->cmd('LOGIN bob secret')), 'NO [AUTHORIZATIONFAILED] On leave', 'user_deny.db: the words of the entry');
    like(answer($c->cmd('LOGIN alice secret')), qr/^OK/, 'others come in');
    $c->cmd('NOOP');
    my $log = join '', map { local (@ARGV, $/) = $_; <> } glob "$i->{dir}/conf/log/alice/*";
    like($log, qr/NOOP/, 'telemetry: what alice says');
    unlike($log, qr/secret/, 'but no password');
}, before => sub {
    my ($i) = @_;
    put($i, 'user_deny.db', "bob\t2\timap\tOn leave\n");
    mkdir "$i->{dir}/conf/log/alice";
    chmod 0777, "$i->{dir}/conf/log/alice";
});

# ---- how much may be sent
with({ maxword => 100, maxquoted => 120, maxliteral => 200, maxargssize => 300, imapidlepoll => '0', literalminus => 'yes', suppress_capabilities => 'UNSELECT COMPRESS=DEFLATE' }, sub {
    my ($i) = @_;
    my $c = $i->imap(user => 'alice');
    my $caps = ($c->ok('CAPABILITY'))[0] . ' ';
    unlike($caps, qr/ IDLE /, 'imapidlepoll 0: no IDLE');
    is($c->cmd('IDLE')->{status}, 'BAD', 'nor as a command');
    like($caps, qr/ LITERAL- /, 'literalminus');
    unlike($caps, qr/ LITERAL\+ | UNSELECT | COMPRESS=DEFLATE /, 'suppress_capabilities');
    is($c->cmd('UNSELECT')->{text}, 'Please select a mailbox first', 'what is not shown works all the same');
    is($c->cmd('STATUS ' . 'x' x 100 . ' (MESSAGES)')->{status}, 'NO', 'maxword: as long as allowed');
    is($c->cmd('STATUS ' . 'x' x 101 . ' (MESSAGES)')->{status}, 'BAD', 'longer');
    is($c->cmd('STATUS "' . 'x' x 120 . '" (MESSAGES)')->{status}, 'NO', 'maxquoted: as long as allowed');
    is($c->cmd('STATUS "' . 'x' x 121 . '" (MESSAGES)')->{status}, 'BAD', 'longer');
    is($c->cmd('STATUS ', \('x' x 200), ' (MESSAGES)')->{status}, 'NO', 'maxliteral: as long as allowed');
    like(answer($c->cmd('STATUS ', \('x' x 201), ' (MESSAGES)')), qr/^BAD \[TOOBIG\]/, 'longer');
    like(answer($c->cmd('RENAME ', \('x' x 150), ' ', \('y' x 150))), qr/^BAD \[TOOBIG\]/, 'maxargssize: all literals of a command');
    $c->ok('APPEND INBOX ', \("Subject: large\r\n\r\n" . 'z' x 5000));
    is(($c->ok('STATUS INBOX (MESSAGES)'))[0], '* STATUS INBOX (MESSAGES 1)', 'messages are not meant');
});
with({ literalminus => 'yes' }, sub {
    my ($i) = @_;
    my $c = $i->imap(user => 'alice');
    my $send = sub { my ($bytes) = @_; $c->send($bytes); my $r = $c->response; $r =~ s/\A\S+ //; return $r };
    my $message = "Subject: x\r\n\r\n";
    $message .= 'y' x (4096 - length $message);
    like($send->("a APPEND INBOX {4096+}\r\n$message\r\n"), qr/^OK \[APPENDUID/, 'LITERAL-: 4096 bytes without waiting');
    like($send->("a APPEND INBOX {4097+}\r\nz$message\r\n"), qr/^BAD \[TOOBIG\]/, 'but no more (RFC 7888 5)');
    like($send->("a STATUS {4097+}\r\n" . 'x' x 4097 . " (MESSAGES)\r\n"), qr/^BAD \[TOOBIG\]/, 'in any command');
    like($send->("a RENAME {4097+}\r\n" . 'x' x 4097 . " {13+}\r\nb LOGOUT\r\n\r\nx\r\n"), qr/^BAD \[TOOBIG\]/, 'what follows is thrown away too');
    is(answer($c->cmd('NOOP')), 'OK Completed', 'and not taken for commands');
    is($c->cmd('STATUS ', \('x' x 4097), ' (MESSAGES)')->{status}, 'NO', 'waiting, it may be longer');
});
with({ readonly => 'yes' }, sub {
    my ($i) = @_;
    my $c = $i->imap(user => 'cyrus');
    is(answer($c->cmd($_)), 'NO [CANNOT] The server is in read-only mode', "readonly: $_") for 'CREATE x', 'DELETE x', 'SETACL x y lr', 'SUBSCRIBE x';
    is($c->cmd('LIST "" *')->{status}, 'OK', 'reading goes on');
}, no_users => 1);

# ---- a mailbox that is deleted while it is selected
for my $mode ('delayed', 'immediate') {
    with({ delete_mode => $mode }, sub {
        my ($i) = @_;
        my ($c, $d) = map { $i->imap(user => 'alice') } 1 .. 2;
        $d->ok('CREATE INBOX.x');
        $d->ok('APPEND INBOX.x ', \"Subject: $_\r\n\r\nx\r\n") for 1 .. 3;
        $c->ok('SELECT INBOX.x');
        $d->ok('DELETE INBOX.x');
        is($c->cmd('STORE 1 +FLAGS (\Flagged)')->{status}, 'NO', "$mode: nothing is written to it");
        is(answer($c->cmd('NOOP')), '* 1 EXPUNGE | * 1 EXPUNGE | * 1 EXPUNGE | OK Completed', 'it is empty');
        is(answer($c->cmd('SEARCH ALL')), '* SEARCH | OK Completed', 'and stays so');
        is($c->cmd('CLOSE')->{status}, 'OK', 'until it is left');
        $c->ok('SELECT INBOX');
    });
}
with({ disconnect_on_vanished_mailbox => 'yes' }, sub {
    my ($i) = @_;
    my ($c, $d) = map { $i->imap(user => 'alice') } 1 .. 2;
    $d->ok('CREATE INBOX.x');
    $c->ok('SELECT INBOX.x');
    $d->ok('DELETE INBOX.x');
    $c->send("t NOOP\r\n");
    ok($c->closed, 'disconnect_on_vanished_mailbox');
    like($c->{buf}, qr/^\* BYE Mailbox has been deleted/, 'with BYE');
});

is_deeply(\@faults, [], 'no process reported a fault');
done_testing;
